"""Ways in: HTTP events and streams behind one seam, refusals, dead letters."""
