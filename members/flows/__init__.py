"""Reads that bring the graph and the ledger together."""
