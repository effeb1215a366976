"""Captions to many readers, measured."""
