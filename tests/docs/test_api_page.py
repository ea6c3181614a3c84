"""The commands of the API page, run by curl against a server."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from django_mfa.testing import add_recovery_codes, add_totp, freeze, totp_code

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
BLOCK = re.compile(r"^```console\n(.*?)^```\n(?:\n```json\n(.*?)^```)?", re.M | re.S)

pytestmark = [
    pytest.mark.skipif(not shutil.which("curl"), reason="curl runs the examples"),
    pytest.mark.django_db(transaction=True),
]


def commands():
    """Each command of the page that calls the API, and the answer beside it."""
    for text, answer in BLOCK.findall(PAGE.read_text()):
        lines = text.replace("\\\n", " ").splitlines()
        found = [line[2:] for line in lines if line.startswith("$ ")]
        for command in found:
            yield command, json.loads(answer) if answer and len(found) == 1 else None


def test_every_command_of_the_page_does_what_it_says(live_server, make_user):
    user = make_user("alice", password="correct horse")
    secret = add_totp(user)
    add_recovery_codes(user)
    known = {"API": f"{live_server.url}/api/app", "PATH": os.environ["PATH"]}
    ran = 0
    with freeze() as clock:
        for written, shown in commands():
            clock.tick(60)
            if "/mfa/challenge" in written:
                continue  # that sign-in is over by then; it has tests of its own
            new = known.get("SECRET", "").replace(" ", "")
            codes = {"CODE": totp_code(secret)}
            codes |= {"NEW_CODE": totp_code(new)} if new else {}
            command = written.replace("alice", user.get_username())
            done = subprocess.run(
                ["bash", "-c", command],
                env={**known, **codes},
                capture_output=True,
                text=True,
                timeout=30,
                check=True,
            )
            told = json.loads(done.stdout)
            assert "code" not in told or told["code"] == "mfa_required", told
            if shown:
                assert set(told) == set(shown), command
            for name in ("mfa_token", "access", "secret"):
                if name in told:
                    known[name.upper()] = told[name]
            ran += 1
    assert ran == 11


def test_the_origin_of_an_android_app_is_made_as_the_page_says():
    text = (PAGE.parent / "mobile.md").read_text()
    source = re.search(r"^```python\n(import base64.*?)^```", text, re.M | re.S)
    names: dict = {}
    exec(source[1], names)  # noqa: S102  # our own page
    assert re.fullmatch(r"android:apk-key-hash:[\w-]{43}", names["origin"])
