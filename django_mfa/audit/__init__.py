"""What happened, kept: one append-only row for every signal."""
