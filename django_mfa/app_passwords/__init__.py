"""A way in for machines: passwords of their own, which never sign in a person."""
