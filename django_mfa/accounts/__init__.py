"""One row a person: what holds for all of their devices together."""
