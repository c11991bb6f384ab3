"""The distributor programme: what a member sees of its people and its sales."""
