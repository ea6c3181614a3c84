from __future__ import annotations

from django.contrib.admin import AdminSite


class MFAAdminSite(AdminSite):
    """An admin behind the gate."""
