"""How the documentation is built: `make docs`."""

from __future__ import annotations

project = "django_mfa"
author = "django_mfa contributors"
copyright = "2026, django_mfa contributors"

extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
nitpicky = True

html_theme = "furo"
html_title = "django_mfa"
html_static_path = ["_static"]
