"""The look of the admin, for pages from which the way leads back into it.

Nothing here imports the admin: where it is not installed, no way leads there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from django.urls import (
    NoReverseMatch,
    Resolver404,
    get_script_prefix,
    resolve,
    reverse,
)
from django.utils.translation import get_language, get_language_from_path, override

if TYPE_CHECKING:
    from django.contrib.admin import AdminSite
    from django.http import HttpRequest
    from django.urls import ResolverMatch


def site_at(url: str) -> AdminSite | None:
    """Return the admin site that has the page at `url`; None where no site has it."""
    # By where the view that is found is mounted, as in `policy.triggers.is_admin`: not
    # every page of an admin bears a mark, and its address may be any.
    match = _found(url)
    if match is None or match.app_names[:1] != ["admin"]:
        return None
    try:
        index = _found(reverse("admin:index", current_app=match.namespaces[0]))
    except NoReverseMatch:
        return None
    return getattr(index and index.func, "admin_site", None)


def page_of(site: AdminSite, name: str) -> str:
    """Return the address of a page of an admin site, such as its `login`."""
    return reverse(f"admin:{name}", current_app=site.name)


def context(request: HttpRequest, site: AdminSite) -> dict[str, Any]:
    """Return what a page of ours needs to look like one of `site`."""
    request.current_app = site.name  # for the links in Django's templates
    return {
        **site.each_context(request),
        # SECURITY: whoever looks has yet to show that they may enter, so the page
        # tells nothing of what is inside, whatever the site itself would say.
        "has_permission": False,
        "available_apps": [],
        "log_entries": [],
        "is_nav_sidebar_enabled": False,
        "site_url": page_of(site, "index"),
        "mfa_base": "django_mfa/admin/base.html",
    }


def _found(url: str) -> ResolverMatch | None:
    path, prefix = unquote(urlsplit(url).path), get_script_prefix()
    if not path.startswith(prefix):
        return None
    path = path[len(prefix) - 1 :]
    # A page with a language in its address is found in that language alone.
    with override(get_language_from_path(path) or get_language()):
        try:
            return resolve(path)
        except Resolver404:
            return None
