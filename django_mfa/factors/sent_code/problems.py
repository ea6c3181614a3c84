"""What is wrong with the settings of sent codes; for the system checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django_mfa.conf import SentCodes

DISPATCHERS = ("inline", "tasks", "celery")
#: What each of ours stands on.
NEEDS = {"tasks": "django.tasks.task", "celery": "celery.shared_task"}
SHORTEST, LONGEST = 6, 10
MOST_TRIES = 10
#: NIST SP 800-63B-4 section 3.1.3.2: ten minutes; that of our limits: three tries.
SAFE_TTL, SAFE_TRIES, SAFE_WAIT = 600, 3, 30


def impossible(codes: SentCodes) -> Iterator[tuple[str, str]]:
    """Yield values that cannot be."""
    if not SHORTEST <= codes.LENGTH <= LONGEST:
        text = f"SENT_CODES.LENGTH must be from {SHORTEST} to {LONGEST}."
        yield text, "The default is 6."
    if not 1 <= codes.TRIES <= MOST_TRIES:
        yield f"SENT_CODES.TRIES must be from 1 to {MOST_TRIES}.", "The default is 3."
    if min(codes.SMS_TTL, codes.EMAIL_TTL, codes.EMAIL_TIMEOUT) < 1:
        yield "SENT_CODES holds a time of no length.", "Times are in seconds."
    if codes.RESEND_AFTER < 0:
        yield "SENT_CODES.RESEND_AFTER is below 0.", "The default is 60."
    yield from _dispatcher(codes.DISPATCHER)


def _dispatcher(how: object) -> Iterator[tuple[str, str]]:
    if not isinstance(how, str) or how == "inline":
        return
    try:
        import_string(NEEDS.get(how, how))
    except ImportError as error:
        yield (
            f"SENT_CODES.DISPATCHER leads to nothing: {error}",
            f"Write {', '.join(DISPATCHERS)}, or the dotted path of a callable.",
        )


def less_safe(codes: SentCodes) -> Iterator[tuple[int, str, str]]:
    """Yield choices that are allowed and less safe."""
    if max(codes.SMS_TTL, codes.EMAIL_TTL) > SAFE_TTL:
        yield 121, "Sent codes can be used for more than ten minutes.", "Use 600."
    if codes.TRIES > SAFE_TRIES:
        yield 122, "SENT_CODES.TRIES allows more than three guesses a code.", "Use 3."
    if codes.RESEND_AFTER < SAFE_WAIT:
        yield 123, "Codes can be sent again within 30 seconds.", "Use 60."
