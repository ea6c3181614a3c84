"""The HTTP API: the same flows as the pages, for browsers, apps and programs.

Nothing here is imported before a site names `django_mfa.api` in its URLs or views.
"""
