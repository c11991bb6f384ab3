"""Consumers of the log over all brands, rebuilding, comparing; knows rooms only by what they declare."""
