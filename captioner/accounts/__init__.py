"""What recognition was used and what it costs: by room, track, session and day."""
