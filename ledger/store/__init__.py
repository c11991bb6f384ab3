"""Rows and query files of the ledger; opened by its flows only."""
