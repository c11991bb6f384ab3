"""How a personal value becomes a token, is sealed, masked and forgotten."""
