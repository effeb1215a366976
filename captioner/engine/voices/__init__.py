"""The voices of this machine: text in, sound out."""
