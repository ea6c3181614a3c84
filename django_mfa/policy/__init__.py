"""What is owed: who must have a factor, and what a view demands of the proofs."""
