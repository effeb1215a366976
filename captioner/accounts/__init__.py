"""What rooms use and what it costs: recognition by track and session, the rest by model."""
