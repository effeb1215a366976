"""How events travel between the parts: numbered, remembered, resumable."""
