"""A QR code as one SVG path: small, sharp at any size, nothing a strict CSP refuses; or as PNG."""

from __future__ import annotations

import struct
import zlib
from base64 import b64encode
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
PIXELS = 6  # of a module in the PNG


@sensitive_variables()
def svg(text: str) -> SafeString:
    """Return the inline `<svg>` that encodes `text`, dark on white in any colour scheme."""
    matrix = _matrix(text)
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
def png(text: str) -> str:
    """Return a data URI with the PNG that encodes `text`, for apps that draw no SVG.

    One bit a pixel, grey scale (PNG, ISO/IEC 15948 sections 5 and 11.2).
    """
    matrix = _matrix(text)
    rows = b"".join(_row(row) * PIXELS for row in matrix)
    side = len(matrix) * PIXELS
    image = b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)),
            _chunk(b"IDAT", zlib.compress(rows, 9)),
            _chunk(b"IEND", b""),
        )
    )
    return f"data:image/png;base64,{b64encode(image).decode()}"


@sensitive_variables()
def _matrix(text: str) -> list[list[bool]]:
    code = qrcode.QRCode(border=QUIET_ZONE)
    code.add_data(text)
    matrix: list[list[bool]] = code.get_matrix()
    return matrix


@sensitive_variables()
def _row(modules: list[bool]) -> bytes:
    """One line of pixels, white where the bit is set, behind its filter: none."""
    bits = "".join(("0" if dark else "1") * PIXELS for dark in modules)
    return b"\0" + int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(
        -(-len(bits) // 8), "big"
    )


@sensitive_variables()
def _chunk(kind: bytes, data: bytes) -> bytes:
    return (
        struct.pack(">I", len(data))
        + kind
        + data
        + struct.pack(">I", zlib.crc32(kind + data))
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
