"""A QR code as one SVG path: small, sharp at any size, nothing a strict CSP refuses."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from django.utils.html import format_html
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_variables

from django_mfa.extras import lazy

if TYPE_CHECKING:
    from collections.abc import Iterator

    import qrcode
    from django.utils.safestring import SafeString
else:
    qrcode = lazy("qrcode")

QUIET_ZONE = 4  # modules, ISO/IEC 18004 section 9.1


@sensitive_variables()
def svg(text: str) -> SafeString:
    """Return the inline `<svg>` that encodes `text`, dark on white in any colour scheme."""
    code = qrcode.QRCode(border=QUIET_ZONE)
    code.add_data(text)
    matrix = code.get_matrix()
    return format_html(
        '<svg xmlns="http://www.w3.org/2000/svg" class="mfa-qr" role="img"'
        ' aria-label="{label}" viewBox="0 0 {size} {size}"'
        ' shape-rendering="crispEdges">'
        '<path fill="#fff" d="M0 0h{size}v{size}H0z"/><path d="{path}"/></svg>',
        label=gettext("QR code for your authenticator app"),
        size=len(matrix),
        path="".join(_runs(matrix)),
    )


@sensitive_variables()
def _runs(matrix: list[list[bool]]) -> Iterator[str]:
    """One rectangle for each run of dark modules in a row."""
    for y, row in enumerate(matrix):
        x = 0
        for dark, modules in groupby(row):
            width = len(list(modules))
            if dark:
                yield f"M{x} {y}h{width}v1h-{width}z"
            x += width
