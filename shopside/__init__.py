"""The shop's side: clients of the platform that know its HTTP API and nothing behind it."""
