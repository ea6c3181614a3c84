"""Codes in text messages."""
