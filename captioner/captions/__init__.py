"""The core: what captions are and how they grow. Standard library only, no I/O, no clock."""
