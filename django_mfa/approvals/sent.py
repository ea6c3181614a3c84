"""What a browser sent with an action that is to be approved, in the words that are shown."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from django_mfa.errors import CannotBeShown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.core.files.uploadedfile import UploadedFile

CSRF = "csrfmiddlewaretoken"
#: Words in the names of fields whose values nobody is to see.
HIDDEN = ("password", "passwd", "secret", "otp")
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


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
    """Return what was sent, by name: a view runs with that, not with what is stored."""
    shown: dict[str, str] = {}
    # SECURITY: the body before the fields, for whoever parses it has it alone.
    for part in (_body(request), _fields(request), _files(request), _query(request)):
        texts = {name: _as_text(name, values) for name, values in part.items()}
        shown = beside(shown, texts)
    return shown


def _body(request: Any) -> dict[str, list[str]]:
    """Return what is no form, such as JSON, as it came."""
    kind = str(request.META.get("CONTENT_TYPE", "")).partition(";")[0].strip().lower()
    if kind in FORMS or not request.body:
        return {}
    try:
        text = request.body.decode()
    except UnicodeDecodeError as error:
        raise CannotBeShown from error
    return {"body": [_hidden(text) if _is_secret(text) else text]}


def _fields(request: Any) -> dict[str, list[str]]:
    return {name: values for name, values in request.POST.lists() if name != CSRF}


def _files(request: Any) -> dict[str, list[str]]:
    return {
        name: [f"{file.name} {_digest_of(file)}" for file in files]
        for name, files in request.FILES.lists()
    }


def _query(request: Any) -> dict[str, list[str]]:
    """Return what stands in the address: a view may act upon that as well."""
    return {f"?{name}": values for name, values in request.GET.lists()}


def _as_text(name: str, values: list[str]) -> str:
    """Return the values of one field so that no others read the same."""
    several = len(values) != 1 or values[0].startswith("[")
    text = json.dumps(values, ensure_ascii=False) if several else values[0]
    return _hidden(text) if _is_secret(name) else text


def _is_secret(name: str) -> bool:
    return any(word in name.lower() for word in HIDDEN)


def _hidden(text: str) -> str:
    # SECURITY: bound, but neither shown nor stored.
    return salted_hmac("django_mfa.approval", text, algorithm="sha256").hexdigest()


def _digest_of(file: UploadedFile[Any]) -> str:
    digest = hashlib.sha256(b"".join(file.chunks())).hexdigest()
    file.seek(0)
    return digest
