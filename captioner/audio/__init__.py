"""Samples: formats, resampling, voice detection."""
