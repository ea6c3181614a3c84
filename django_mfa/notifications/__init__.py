"""Mails that tell people what happened to their factors."""
