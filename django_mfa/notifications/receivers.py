"""From signal to mail."""

from __future__ import annotations

from typing import Any

from django.db import router, transaction

from django_mfa import conf
from django_mfa.accounts.models import MFAAccount
from django_mfa.signals import EVENTS

from . import mail
from .notice import SUBJECTS, notice_of


def connect() -> None:
    """Listen to the signals that people are told of."""
    for name in SUBJECTS:
        EVENTS[name].connect(tell, dispatch_uid=f"django_mfa.notifications.{name}")


def tell(sender: Any, **happened: Any) -> None:
    """Mail the person, once what happened is committed; nothing is read or written."""
    if not conf.get().NOTICES.ENABLED:
        return
    notice = notice_of(happened)
    if notice is None:
        return

    def send() -> None:
        mail.send(notice)

    using = router.db_for_write(MFAAccount)
    transaction.on_commit(send, using=using, robust=True)
