"""Codes that are sent: what text messages and mails have in common."""
