"""A minute of real speech, and the product shown on it: `python -m captioner.demo`."""
