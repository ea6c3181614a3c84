"""Programs that come with a token instead of a cookie: what they have shown."""
