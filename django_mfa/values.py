"""The plain values that pass between the rooms."""

from __future__ import annotations

import re
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


#: Why something ended that an administrator's reset took along.
RESET = "reset"


class Secret(str):
    """A text for the one page that shows it: error reports write `repr`, and see none."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<secret>"


class Shown(dict[str, Any]):
    """What a set-up page shows; a template that fails has it in its error report."""

    def __repr__(self) -> str:
        return "<secret>"


def one_line(text: str) -> str:
    """Return `text` without line breaks and other signs that steer a terminal or a header."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


#: Signs that nobody sees, or that turn the order of others: what Unicode calls default
#: ignorable, and what steers. Joiners and emoji selectors are at home in other scripts.
UNSEEN = (
    r"(?<![^\x00-\x7f])[\u200c\u200d\ufe0f]"
    r"|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5"
    r"\u180b-\u180f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164"
    r"\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb\U0001d173-\U0001d17a"
    r"\U000e0000-\U000e0fff]"
)


def visible(text: str) -> str:
    """Return `text` with every sign that nobody would see as its number."""
    return re.sub(UNSEEN, lambda found: f"[U+{ord(found[0]):04X}]", text)


class Purpose(StrEnum):
    """What a challenge is for; a proof for one purpose never serves another."""

    LOGIN = "login"
    ENROL = "enrol"
    STEP_UP = "step_up"
    PASSWORDLESS = "passwordless"
    APPROVAL = "approval"
    #: Asks nothing: a text that is only to be sent once.
    NOTICE = "notice"


class Proof(NamedTuple):
    """What a session has shown: factor, device, when (unix seconds), how strong.

    `amr` holds the method names of RFC 8176, `acr` the assurance level reached by
    this proof together with the password before it (NIST SP 800-63B: aal1..aal3).
    """

    factor: str
    device: str
    at: int
    acr: str
    amr: tuple[str, ...]
    phishing_resistant: bool = False
    #: How many factors the response itself shows: a passkey that knew its user, two.
    factors: int = 1

    def as_json(self) -> dict[str, Any]:
        """Plain JSON, to be kept in the session."""
        return self._asdict() | {"amr": list(self.amr)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Proof:
        """Return the proof that `as_json` wrote, of whatever version."""
        kept = {name: data[name] for name in cls._fields if name in data}
        return cls(**{**kept, "amr": tuple(data["amr"])})


class Credential(NamedTuple):
    """What an authenticator answered, as it came from the browser: not yet read."""

    json: str | Mapping[str, Any]

    def __repr__(self) -> str:
        return "<Credential>"


class Asking(NamedTuple):
    """What a challenge is bound to: whom, for what, in which browser, on which host.

    `user_pk` is None before anybody is known; `user` is the row where it was read.
    """

    purpose: Purpose
    browser: str
    host: str
    user_pk: Any = None
    user: Any = None
    #: The name that was typed before, if one was.
    name: str = ""
    #: Whether the browser is to make a passkey by itself, without a question.
    conditional: bool = False
    #: The digest (hex) of what is approved, which the challenge carries.
    about: str = ""


NOTHING: Mapping[str, Any] = MappingProxyType({})


class Verdict(NamedTuple):
    """What a factor says of a response, before anything is written.

    `device` is the one that answered, or the one to charge. `reason` is for the
    audit row alone. `claim` holds what the device must remember of a right answer.
    """

    device: Any  # a Device model of any factor
    right: bool
    reason: str = ""
    claim: Mapping[str, Any] = NOTHING
    #: What the audit row is to say beside that: plain JSON, no secret.
    details: Mapping[str, Any] = NOTHING
    #: Whether a person showed something by it; not if their browser answered by itself.
    proves: bool = True

    def __repr__(self) -> str:
        return "<Verdict>"

    @property
    def is_charged(self) -> bool:
        """Whether a refused answer counts: a spent code does not, it guessed nothing."""
        return not self.right and self.reason != SPENT


#: The reason of a verdict on a code that was right once.
SPENT = "replay"
