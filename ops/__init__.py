"""Command line, embedded services, demo shop, wiring: the only room that reads settings and starts things."""
