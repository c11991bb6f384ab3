"""What the ledger decides, without I/O, clock or chance."""
