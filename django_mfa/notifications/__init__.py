"""Mails and texts that tell people what happened to their factors."""
