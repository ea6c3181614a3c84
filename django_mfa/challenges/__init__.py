"""What was asked: rows that are answered once, or never."""
