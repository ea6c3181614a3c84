from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import django_mfa

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "quickstart.md"

pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="the docs are not here")


def block(name):
    """The Python block of the page that names this file."""
    found = re.findall(r"```python\n(# \S+\n.*?)```", PAGE.read_text(), re.DOTALL)
    return next(text for text in found if text.startswith(f"# {name}\n"))


@pytest.fixture
def site(tmp_path):
    """A site fresh from startproject, with what the page says written into it."""
    run(tmp_path, "-m", "django", "startproject", "mysite", ".")
    with (tmp_path / "mysite" / "settings.py").open("a") as settings:
        settings.write(block("settings.py"))
    (tmp_path / "mysite" / "urls.py").write_text(block("urls.py"))
    shutil.copy(HERE / "quickstart_story.py", tmp_path / "test_story.py")
    return tmp_path


def run(where, *arguments):
    env = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    env["PYTHONPATH"] = str(Path(django_mfa.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=where,
        env=env,
        check=False,  # what was printed is shown instead
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_the_commands_of_the_quickstart_work(site):
    run(site, "manage.py", "migrate")
    assert "no issues" in run(site, "manage.py", "check")
    assert "No changes" in run(site, "manage.py", "makemigrations", "--check")


def test_the_story_of_the_quickstart_is_true(site):
    assert "OK" in run(site, "manage.py", "test")
