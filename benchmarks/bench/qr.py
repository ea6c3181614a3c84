"""Drawing a QR code: ours, and what the peers use, of the same link."""

from __future__ import annotations

import io
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

import qrcode
from qrcode.image.svg import SvgPathImage

from django_mfa.factors.totp.qr import svg

if TYPE_CHECKING:
    from collections.abc import Callable

LINK = (
    "otpauth://totp/Example%20Bank:alice%40example.com"
    "?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Example%20Bank"
)


def path_image() -> bytes:
    """As django-allauth and django-two-factor-auth draw it."""
    file = io.BytesIO()
    qrcode.make(LINK, image_factory=SvgPathImage).save(file)
    return file.getvalue()


DRAW: dict[str, Callable[[], Any]] = {
    "django_mfa": lambda: svg(LINK),
    "qrcode's SvgPathImage": path_image,
}


def measure(rounds: int) -> dict[str, dict[str, float]]:
    """The best time in ms, and the size in kB."""
    taken: dict[str, list[int]] = {name: [] for name in DRAW}
    for _ in range(rounds):
        for name, draw in DRAW.items():
            began = perf_counter_ns()
            draw()
            taken[name].append(perf_counter_ns() - began)
    return {
        name: {"ms": min(taken[name]) / 1e6, "kB": len(draw()) / 1000}
        for name, draw in DRAW.items()
    }
