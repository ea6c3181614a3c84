"""What a browser sent with an action that is to be approved, in the words that are shown."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.core.files.uploadedfile import UploadedFile

CSRF = "csrfmiddlewaretoken"
#: Words in the names of fields whose values nobody is to see.
HIDDEN = ("password", "passwd", "secret", "otp")


def beside(content: Mapping[str, Any], typed: Mapping[str, str]) -> dict[str, Any]:
    """Return both: what was sent never in the place of what is stored."""
    shown = dict(content)
    for name, text in typed.items():
        label = name
        # SECURITY: names are sent by the browser; none may hide another.
        while label in shown:
            label = _("%(name)s, as sent") % {"name": label}
        shown[label] = text
    return shown


def typed(request: Any) -> dict[str, str]:
    """Return what was sent, by name: a form runs with that, not with what is stored."""
    sent = {name: values for name, values in request.POST.lists() if name != CSRF}
    for name, files in request.FILES.lists():
        sent[name] = [f"{file.name} {_digest_of(file)}" for file in files]
    return {name: _as_text(name, values) for name, values in sent.items()}


def _as_text(name: str, values: list[str]) -> str:
    """Return the values of one field so that no others read the same."""
    several = len(values) != 1 or values[0].startswith("[")
    text = json.dumps(values, ensure_ascii=False) if several else values[0]
    if any(word in name.lower() for word in HIDDEN):
        # SECURITY: bound, but neither shown nor stored.
        return salted_hmac("django_mfa.approval", text, algorithm="sha256").hexdigest()
    return text


def _digest_of(file: UploadedFile[Any]) -> str:
    digest = hashlib.sha256(b"".join(file.chunks())).hexdigest()
    file.seek(0)
    return digest
