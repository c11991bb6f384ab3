"""Commissions, the books and withdrawals: every fen in double entry, nothing ever changed."""
