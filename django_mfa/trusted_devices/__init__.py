"""Browsers that need not be challenged at sign-in: a reason not to ask, never a proof."""
