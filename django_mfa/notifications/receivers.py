"""From signal to mail, and to text message."""

from __future__ import annotations

from typing import Any

from django.db import router, transaction

from django_mfa import conf
from django_mfa.accounts.models import MFAAccount
from django_mfa.values import RESET

from . import mail, reach, text
from .notice import notice_of

#: Why an answer of a passkey was refused that may be a copy.
CLONE = "possible_clone"


def tell_of_failure(sender: Any, **happened: Any) -> None:
    """Mail of those refusals that their owner should know of."""
    if happened["reason"] == CLONE:
        tell(sender, **{**happened, "event": "clone_suspected"})


def tell(sender: Any, **happened: Any) -> None:
    """Mail the person, once what happened is committed; nothing is written.

    Where codes are sent is read then, if that is what changed.
    """
    if not conf.get().NOTICES.ENABLED:
        return
    if happened["event"] == "device_disabled" and happened["reason"] == CLONE:
        return  # they are told of the copy
    if happened["event"] == "app_password_revoked" and happened["reason"] == RESET:
        return  # they are told of the reset
    notice = notice_of(happened)
    if notice is None:
        return

    def send() -> None:
        mail.send(notice, reach.addresses(notice.to, happened))
        text.send(notice, reach.numbers(happened))

    using = router.db_for_write(MFAAccount)
    transaction.on_commit(send, using=using, robust=True)
