"""How many answers are judged: one service that every attempt passes."""
