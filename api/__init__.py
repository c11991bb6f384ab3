"""HTTP in, HTTP out: one file per resource, a few lines per route; decisions are made in the rooms below."""
