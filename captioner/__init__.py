"""Captioner: live captions for meetings, on your own machine."""

__version__ = "0.1.0"
