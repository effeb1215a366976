"""The translated voice: a voice stream per room and language."""
