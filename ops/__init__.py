"""The composition root: wiring, processes, command line. The only room that may use all others."""
