from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from django_mfa import conf, errors, signals

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

pytestmark = pytest.mark.skipif(not DOCS.is_dir(), reason="the docs are not here")


def script(name):
    return runpy.run_path(str(DOCS / f"{name}.py"))


def test_the_page_of_settings_is_current():
    made = script("generate_settings")
    page = made["page"](made["source"]())
    assert made["PAGE"].read_text() == page, "run python docs/generate_settings.py"


@pytest.mark.parametrize("name", ["errors", "events", "checks"])
def test_the_page_of_reference_is_current(name):
    page = script("generate_reference")["page"](name)
    committed = (DOCS / f"{name}.md").read_text()
    assert committed == page, "run python docs/generate_reference.py"


def settings_of(shape, group=""):
    for name, default in shape.declared().items():
        if conf.is_group(default):
            yield from settings_of(type(default), f"{name}.")
        else:
            yield f"{group}{name}"


def test_every_setting_is_on_the_page_with_a_sentence():
    page = (DOCS / "settings.md").read_text()
    entries = dict(re.findall(r"^### (\S+)\n\n(.*)$", page, flags=re.MULTILINE))
    assert set(entries) == set(settings_of(conf.Settings))
    assert all(sentence.strip() for sentence in entries.values())


def errors_below(parent):
    for child in parent.__subclasses__():
        yield child
        yield from errors_below(child)


def test_every_error_is_on_the_page_with_its_status():
    page = (DOCS / "errors.md").read_text()
    for error in [errors.MFAError, *errors_below(errors.MFAError)]:
        if error.__module__.startswith("django_mfa."):
            row = f"| `{error.code}` | `{error.status}` | `{error.__name__}` |"
            assert row in page


def test_every_event_is_on_the_page():
    page = (DOCS / "events.md").read_text()
    assert set(re.findall(r"^\| `(\w+)` \|", page, flags=re.MULTILINE)) == set(
        signals.EVENTS
    )


def test_every_check_is_on_the_page():
    modules = (ROOT / "django_mfa" / "checks").glob("*.py")
    source = "\n".join(module.read_text() for module in modules)
    named = set(re.findall(r'id="django_mfa\.([EW]\d{3})"', source))
    page = (DOCS / "checks.md").read_text()
    assert len(named) > 10
    assert named <= set(re.findall(r"`django_mfa\.([EW]\d{3})`", page))


def test_every_room_is_on_the_page_of_the_architecture():
    page = (DOCS / "architecture.md").read_text()
    rooms = {
        path.stem
        for path in (ROOT / "django_mfa").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    rooms -= {"__init__", "migrations"}
    assert [room for room in sorted(rooms) if f"`{room}" not in page] == []
