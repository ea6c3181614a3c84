"""The routes of the site's views in all its languages: a URLconf may translate them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.urls import get_resolver, get_urlconf  # noqa: TID251  # to know routes; nothing is answered
from django.urls.resolvers import LocalePrefixPattern, RoutePattern  # noqa: TID251  # as above
from django.utils.functional import Promise
from django.utils.translation import override

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Chain = tuple[Any, ...]


def in_all_languages(route: str) -> frozenset[str]:
    """Return the route that was found, without a language before it, and its likes."""
    urlconf = get_urlconf() or settings.ROOT_URLCONF
    return _translated(urlconf).get(route, frozenset((route,)))


def plain(route: str) -> str:
    """Return the route without what a regular expression has more."""
    # `^billing/$`, `^billing/\Z`.
    return route.lstrip("^/").removesuffix("$").removesuffix(r"\Z")


@lru_cache(maxsize=8)
def _translated(urlconf: Any) -> dict[str, frozenset[str]]:
    """Return the routes that are translated, each with what it is elsewhere."""
    found: dict[str, frozenset[str]] = {}
    for chain in _chains(get_resolver(urlconf).url_patterns):
        if any(map(_is_translated, chain)):
            routes = frozenset(_in_languages(chain))
            for route in routes:
                # SECURITY: where two views share a word, a rule concerns both.
                found[route] = found.get(route, frozenset()) | routes
    return found


def _chains(patterns: Iterable[Any], before: Chain = ()) -> Iterator[Chain]:
    """Yield what leads to each view, from the site's root on."""
    for each in patterns:
        isolated = isinstance(each.pattern, LocalePrefixPattern)
        chain = before if isolated else (*before, each.pattern)
        if hasattr(each, "url_patterns"):
            yield from _chains(each.url_patterns, chain)
        else:
            yield chain


def _is_translated(pattern: Any) -> bool:
    name = "_route" if isinstance(pattern, RoutePattern) else "_regex"
    return isinstance(getattr(pattern, name, None), Promise)


def _in_languages(chain: Chain) -> Iterator[str]:
    for code, _name in settings.LANGUAGES:
        with override(code):
            yield plain("".join(str(each).removeprefix("^") for each in chain))
