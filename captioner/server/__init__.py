"""The edge: HTTP and WebSocket, one thin file per path."""
