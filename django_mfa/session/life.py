"""How long a session is worth something, and what else it remembers of its user."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.utils.http import url_has_allowed_host_and_scheme

from django_mfa import clock, conf, crypto
from django_mfa.errors import KeyTrouble, MFARequired
from django_mfa.limits import addresses, browsers
from django_mfa.values import Proof

from .hold import key_of

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.base_user import AbstractBaseUser


SINCE = "_mfa_since"
BOUND = "_mfa_bound"
ROLES = "_mfa_roles"
TRUSTED = "_mfa_trusted"
FORM = "_mfa_form"
TURNED_AWAY = "_mfa_turned_away"

#: What goes when the user of a session goes.
LIFE = (SINCE, BOUND, ROLES, TRUSTED, FORM, TURNED_AWAY)

MAX_FORM = 64 * 1024
#: Seconds that a browser takes at most to follow a redirect.
CIRCLE = 30
MAX_TOKENS = 4
TRUST_COOKIE = "mfa_trust"
#: How an address begins that means the same on every page.
ROOTED = ("/", "http://", "https://")
#: Fields that are never kept, by the words in their names.
UNKEPT = ("csrf", "password", "passwd", "secret", "token", "code", "credential", "otp")


class SessionLife:
    """The part of the port that knows ages, places, trust and kept forms."""

    request: Any

    @property
    def store(self) -> Any:  # the session backend's class is the site's choice
        """Django's session of this request."""
        return self.request.session

    def safe_next(self, url: str) -> str:
        """`url` if it leads to this site, else an empty text."""
        # SECURITY: open redirects (CVE-2023-49438 and others): control signs and
        # backslashes are read by browsers in ways of their own.
        if not url or any(sign <= " " or sign == "\\" for sign in url):
            return ""
        if not url.lower().startswith(ROOTED):
            # From which page, nobody can say; and `%2f%2fevil` waits to be decoded.
            return ""
        safe = url_has_allowed_host_and_scheme(
            url,
            allowed_hosts={self.request.get_host()},
            require_https=self.request.is_secure(),
        )
        return url if safe else ""

    def is_signed_in(self, user: AbstractBaseUser) -> bool:
        """Whether Django's own record of this session names `user`."""
        return bool(self.store.get(SESSION_KEY) == key_of(user))

    def is_admitting(self, user: AbstractBaseUser) -> bool:
        """Whether the login signal now under way is one that `sign_in` sends."""
        pk = key_of(user)
        return getattr(self.request, "mfa_admitted", None) == pk

    # Age and place

    def begin_life(self, *, trusted: bool = False, since: int | None = None) -> None:
        """Note when and where the present sign-in was made, and whether by trust."""
        for name in LIFE:
            self.store.pop(name, None)
        self.store[SINCE] = int(clock.timestamp()) if since is None else since
        if trusted:
            self.store[TRUSTED] = True
        self.bind()

    def is_over(self) -> bool:
        """Whether the sign-in is older than the site allows, or from the future."""
        longest = conf.get().SESSIONS.ABSOLUTE_AGE
        since = self.store.get(SINCE)
        if not longest or since is None:
            return False
        # SECURITY: a clock that was set back must not make an old session young.
        return not -clock.SLACK <= clock.timestamp() - since <= longest

    def bind(self) -> None:
        """Bind the sign-in to the browser and network of this request."""
        if conf.get().SESSIONS.BIND:
            self.store[BOUND] = self._place()

    def is_elsewhere(self) -> bool:
        """Whether this request comes from another place than the sign-in is bound to."""
        kinds = conf.get().SESSIONS.BIND
        if not kinds:
            return False
        bound, here = self.store.get(BOUND) or {}, self._place()
        # SECURITY: a session that was never bound is one of before the setting.
        return any(bound.get(kind) != here[kind] for kind in kinds)

    def _place(self) -> dict[str, str]:
        meta = self.request.META
        address = addresses.client_address(meta)
        return {
            "browser": browsers.family(str(meta.get("HTTP_USER_AGENT", ""))),
            "address": addresses.prefix_of(address),
        }

    # What the gate and the review of this request found, for the answer to it

    def was_taken_back(self, *, taken: bool) -> None:
        """Note whether the view that runs believes somebody in who is held."""
        # A view of REST framework logs in by its own request, around the one that
        # the middleware knows.
        getattr(self.request, "_request", self.request).mfa_held_now = taken

    def owes(self, error: MFARequired | None) -> None:
        """Note what the person has to add before views see them."""
        self.request.mfa_owed = error

    def has_time(self, until: datetime | None) -> None:
        """Note until when the person may go on without what policies ask for."""
        self.request.mfa_grace = until

    def is_asked(self, terms: Any) -> None:
        """Note what the policies ask of this person."""
        self.request.mfa_terms = terms

    # Groups and permissions

    def known_roles(self, stamp: str) -> dict[str, bool]:
        """Return what this session knows of its user's groups, if that still holds."""
        kept = self.store.get(ROLES)
        if not stamp or kept is None or kept["stamp"] != stamp:
            return {}
        return dict(kept["known"])

    def keep_roles(self, stamp: str, known: dict[str, bool]) -> None:
        """Keep what was learnt, as long as the stamp stays the same."""
        if stamp and known != self.known_roles(stamp):
            self.store[ROLES] = {"stamp": stamp, "known": known}

    # Who is signed in and was sent to the sign-in page

    def note_turned_away(self, url: str) -> None:
        """Note that the page at `url` has just sent who is signed in to sign in."""
        if SESSION_KEY in self.store:
            self.store[TURNED_AWAY] = {"url": url, "at": int(clock.timestamp())}

    def is_turned_away(self, url: str) -> bool:
        """Whether the page at `url` did so a moment ago; it would do so again, for ever."""
        last = self.store.pop(TURNED_AWAY, None)
        if last is None or last["url"] != url:
            return False
        return bool(abs(clock.timestamp() - last["at"]) <= CIRCLE)

    # Trusted browsers

    def is_by_trust(self) -> bool:
        """Whether the present sign-in was not challenged because of its browser."""
        return bool(self.store.get(TRUSTED))

    def trust_tokens(self) -> list[str]:
        """Return the tokens that this browser shows, of whichever people."""
        told = self.request.COOKIES.get(trust_cookie(self.request), "")
        return [each for each in told.split(".") if each][:MAX_TOKENS]

    def hand_out_tokens(self, tokens: list[str]) -> None:
        """Let the middleware give this browser these tokens; none: take the cookie."""
        self.request.mfa_trust_tokens = tokens

    # Single sign-on

    def expect_proof(self, proof: Proof | None) -> None:
        """Note what an identity provider has seen, for the login that follows."""
        self.request.mfa_proof_from_elsewhere = proof

    def proof_from_elsewhere(self) -> Proof | None:
        """Return what an identity provider has seen in this very request."""
        proof = getattr(self.request, "mfa_proof_from_elsewhere", None)
        return proof if isinstance(proof, Proof) else None

    # A form that was stopped

    def keep_form(self, path: str, data: Any) -> None:
        """Keep what was typed, sealed, for the form at `path`."""
        typed = [
            (name, value)
            for name, values in data.lists()
            for value in values
            if not any(word in name.lower() for word in UNKEPT)
        ]
        text = urlencode(typed)
        if len(text) > MAX_FORM:
            return
        kept = json.dumps({"at": int(clock.timestamp()), "typed": text})
        self.store[FORM] = {"path": path, "sealed": crypto.seal(kept, self._seal(path))}

    def take_form(self, path: str) -> list[tuple[str, str]] | None:
        """Return what was typed into the form at `path`, once; None: nothing is kept."""
        kept = self.store.get(FORM)
        if kept is None or kept["path"] != path:
            return None
        del self.store[FORM]
        try:
            found = json.loads(crypto.unseal(kept["sealed"], self._seal(path)))
        except KeyTrouble:
            return None
        age = clock.timestamp() - found["at"]
        if not -clock.SLACK <= age <= conf.get().STEP_UP.FORM_TTL:
            return None
        return parse_qsl(found["typed"], keep_blank_values=True)

    def _seal(self, path: str) -> str:
        # SECURITY: what one person typed opens for nobody else and nowhere else.
        return f"form:{self.store.get(SESSION_KEY, '')}:{path}"


def trust_cookie(request: Any) -> str:
    """Return the name of the cookie of trusted browsers for this request."""
    # SECURITY: `__Host-` keeps other hosts of the domain from planting a cookie.
    # Browsers refuse it on plain http, where only a demonstration runs.
    prefix = "__Host-" if request.is_secure() else ""
    return prefix + TRUST_COOKIE


def trust_cookie_options(request: Any) -> dict[str, Any]:
    """Return how that cookie is set."""
    return {
        "max_age": conf.get().TRUSTED_DEVICES.DAYS * 86400,
        "path": "/",
        "secure": request.is_secure(),
        "httponly": True,
        "samesite": settings.SESSION_COOKIE_SAMESITE or "Lax",
    }
