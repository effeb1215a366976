"""What is kept: the journal, and the transcript files derived from it."""
