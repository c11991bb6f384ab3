"""Proofs: that log, decisions and books are what the platform wrote, and where they stood, signed."""
