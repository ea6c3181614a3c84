"""Optional neighbours, one module each; none of them is needed."""
