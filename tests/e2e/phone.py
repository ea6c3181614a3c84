"""The phone of a person: none of our code, so that nothing agrees with itself."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from tempfile import NamedTemporaryFile
from urllib.parse import parse_qs, unquote, urlsplit

from playwright.sync_api import Page

QR = "QR code for your authenticator app"


def run(*command: str, given: str = "") -> str:
    done = subprocess.run(
        command, input=given, capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == 0, f"{command[0]}: {done.returncode} {done.stderr}"
    return done.stdout.strip()


def read_qr(page: Page) -> str:
    """What the camera sees: zbarimg on a picture of the screen."""
    with NamedTemporaryFile(suffix=".png") as file:
        page.get_by_role("img", name=QR).screenshot(path=file.name)
        return run("zbarimg", "--raw", "-q", "-Sdisable", "-Sqrcode.enable", file.name)


@dataclass
class Phone:
    """An authenticator app with one entry: oathtool makes its codes."""

    secret: str
    account: str = ""
    issuer: str = ""
    digits: int = 6
    period: int = 30
    algorithm: str = "SHA1"
    shown: int = -1
    #: Seconds by which its clock is ahead of this machine's.
    ahead: int = 0

    @classmethod
    def of(cls, secret: str) -> Phone:
        return cls(secret)

    @classmethod
    def scan(cls, page: Page) -> Phone:
        """Add the entry that the QR code on the page holds."""
        parts = urlsplit(read_qr(page))
        assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
        told = {name: values[0] for name, values in parse_qs(parts.query).items()}
        issuer, _, account = unquote(parts.path.lstrip("/")).rpartition(":")
        assert issuer == told["issuer"]
        return cls(
            secret=told["secret"],
            account=account,
            issuer=issuer,
            digits=int(told.get("digits", 6)),
            period=int(told.get("period", 30)),
            algorithm=told.get("algorithm", "SHA1"),
        )

    def code(self) -> str:
        """The newest code that was not used yet.

        Each is accepted once; rather than wait for the next, the phone is one step
        ahead, which the site allows.
        """
        self.shown = max(self.step(), self.shown + 1)
        return self.code_of(self.shown)

    def step(self) -> int:
        return (int(time.time()) + self.ahead) // self.period

    def code_of(self, step: int) -> str:
        how = ["oathtool", f"--totp={self.algorithm.lower()}", "-b"]
        how += ["-d", str(self.digits), "-s", f"{self.period}s"]
        return run(*how, "-N", f"@{step * self.period}", "-", given=self.secret)

    def wrong_code(self) -> str:
        """A code that this phone does not show about now."""
        now = self.step()
        near = {self.code_of(step) for step in range(now - 2, now + 4)}
        return next(f"{n:06}" for n in range(10) if f"{n:06}" not in near)
