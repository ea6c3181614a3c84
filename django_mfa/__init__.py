"""Multi-factor authentication for Django, whole."""
