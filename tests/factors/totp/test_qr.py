from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from django.utils import translation

from django_mfa.factors.totp import codes, qr

TOOLS = ("rsvg-convert", "zbarimg")
URI = codes.provisioning_uri(
    "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
    account="alice@example.com",
    issuer="Example Bänk & Söhne",
    digits=6,
    period=30,
    algorithm="SHA1",
)
LONG = URI + "&image=" + "x" * 700


def scanned(svg: str, folder: Path) -> str:
    """What a phone reads from the picture."""
    (folder / "qr.svg").write_text(svg)
    picture = folder / "qr.png"
    subprocess.run(
        ["rsvg-convert", "-b", "white", "-w", "600", "-o", picture, folder / "qr.svg"],
        check=True,
    )
    read = subprocess.run(
        ["zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", picture],
        check=True,
        capture_output=True,
        text=True,
    )
    return read.stdout.removesuffix("\n")


@pytest.fixture
def _scanner():
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:  # pragma: no cover - it depends on the machine
        refuse = pytest.fail if os.environ.get("EXPECT_QR_TOOLS") else pytest.skip
        refuse(f"{', '.join(missing)}: not there")


@pytest.mark.usefixtures("_scanner")
@pytest.mark.parametrize("text", [URI, LONG], ids=["usual", "long"])
def test_a_phone_reads_the_link(text, tmp_path):
    assert scanned(qr.svg(text), tmp_path) == text


def test_the_picture_is_small():
    assert len(qr.svg(URI).encode()) <= 20_000


def test_the_picture_is_well_formed_and_has_a_quiet_zone_of_four_modules():
    root = ET.fromstring(qr.svg(URI))  # noqa: S314  # made here
    size = int(root.attrib["viewBox"].split()[2])
    light, dark = root
    assert light.attrib == {"fill": "#fff", "d": f"M0 0h{size}v{size}H0z"}
    runs = [run.split("h") for run in dark.attrib["d"].split("M")[1:]]
    for corner, width, *_ in runs:
        x, y = map(int, corner.split())
        assert 4 <= y < size - 4
        assert 4 <= x < x + int(width.partition("v")[0]) <= size - 4


def test_the_picture_needs_nothing_that_a_strict_policy_refuses():
    svg = qr.svg(URI)
    assert "style" not in svg
    assert "script" not in svg
    assert "href" not in svg
    assert "data:" not in svg


def test_the_picture_does_not_hold_the_secret_as_text():
    assert "GEZDGNBV" not in qr.svg(URI)


def test_the_label_of_the_picture_is_escaped(monkeypatch):
    monkeypatch.setattr(qr, "gettext", lambda text: '"><script>')
    assert "<script>" not in qr.svg(URI)


def test_the_picture_has_a_name():
    with translation.override(None):
        assert 'aria-label="QR code for your authenticator app"' in qr.svg(URI)
