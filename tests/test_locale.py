"""Every catalogue is complete, sound, current and compiled, and the pages speak it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import polib
import pytest
from bs4 import BeautifulSoup
from django.core.management import call_command
from django.urls import reverse
from django.utils.translation import gettext, ngettext, override

import django_mfa
from django_mfa.testing import add_recovery_codes, add_totp

PACKAGE = Path(django_mfa.__file__).parent
LANGUAGES = ["ar", "de", "es", "fr", "ja", "pt_BR"]
RIGHT_TO_LEFT = {"ar"}

PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")
TAG = re.compile(r"</?\w+|\w+=\"[^\"]*\"")
#: What no text of the language holds, outside of tags and placeholders.
WRONG_MARKS = {
    "fr": re.compile("[ \\w][;?!»]| :|\\w: |«[^\u00a0]|\\w'\\w"),
    "ja": re.compile("[()?!\uff1a]"),
    "ar": re.compile("[?;]"),
}
HEADER = {
    "Project-Id-Version": "django-mfa-suite",
    "Report-Msgid-Bugs-To": "",
    "POT-Creation-Date": "2026-01-01 00:00+0000",
    "Last-Translator": "",
    "Language-Team": "",
    "Content-Type": "text/plain; charset=UTF-8",
}

needs_gettext = pytest.mark.skipif(
    not all(map(shutil.which, ("msgfmt", "xgettext", "msgmerge"))),
    reason="GNU gettext is not installed",
)
each_language = pytest.mark.parametrize("language", LANGUAGES)


def source(language: str, ending: str = "po", root: Path = PACKAGE) -> Path:
    return root / "locale" / language / "LC_MESSAGES" / f"django.{ending}"


def catalogue(language: str) -> Any:
    return polib.pofile(str(source(language)))


def forms(entry: Any) -> list[str]:
    plural = entry.msgstr_plural
    return [plural[form] for form in sorted(plural)] if plural else [entry.msgstr]


def compiled(entries: Any) -> dict[tuple[str | None, str], list[str]]:
    return {(each.msgctxt, each.msgid): forms(each) for each in entries}


def tag(language: str) -> str:
    """`pt_BR` as browsers and pages write it."""
    return language.replace("_", "-").lower()


def test_the_languages_are_those_that_have_a_catalogue():
    here = [path.parts[-3] for path in PACKAGE.glob("locale/*/LC_MESSAGES/django.po")]
    assert sorted(here) == LANGUAGES


@each_language
def test_nothing_is_left_untranslated_or_unsure(language):
    po = catalogue(language)
    assert [each.msgid for each in po.untranslated_entries()] == []
    assert [each.msgid for each in po.fuzzy_entries()] == []
    assert [each.msgid for each in po.obsolete_entries()] == []
    assert not po.metadata_is_fuzzy
    assert all(text.strip() for each in po for text in forms(each))


@each_language
def test_each_plural_has_all_the_forms_of_the_language(language):
    po = catalogue(language)
    wanted = int(re.findall(r"nplurals=(\d)", po.metadata["Plural-Forms"])[0])
    assert wanted == {"ar": 6, "es": 3, "ja": 1}.get(language, 2)
    for each in po:
        if each.msgid_plural:
            assert list(each.msgstr_plural) == list(range(wanted)), each.msgid


@each_language
def test_placeholders_and_tags_are_those_of_the_english_text(language):
    for each in catalogue(language):
        originals = [each.msgid, each.msgid_plural or each.msgid]
        for find in (PLACEHOLDER.findall, TAG.findall):
            allowed = [sorted(find(text)) for text in originals]
            for form in forms(each):
                assert sorted(find(form)) in allowed, form


@each_language
def test_no_text_has_a_space_too_many(language):
    for each in catalogue(language):
        for form in forms(each):
            assert form == form.strip()
            assert "  " not in form


@pytest.mark.parametrize("language", WRONG_MARKS)
def test_marks_are_those_of_the_language(language):
    for each in catalogue(language):
        for form in forms(each):
            text = re.sub(r"<[^>]*>|%\(\w+\)[sd]", "x", form)
            assert not WRONG_MARKS[language].search(text), form


@each_language
def test_headers_name_the_package_and_nobody(language):
    po = catalogue(language)
    assert HEADER.items() <= po.metadata.items()
    assert po.metadata["Language"] == language
    text = source(language).read_text(encoding="utf-8")
    assert "@" not in text
    assert "FIRST AUTHOR" not in text


@each_language
def test_the_compiled_file_is_that_of_the_source(language):
    mo = polib.mofile(str(source(language, "mo")))
    po = catalogue(language)
    assert compiled(mo) == compiled(po)
    assert mo.metadata.items() <= po.metadata.items()


@needs_gettext
@each_language
def test_gettext_finds_nothing_amiss(language, tmp_path):
    target = tmp_path / "django.mo"
    found = subprocess.run(
        ["msgfmt", "--check", "--output-file", target, source(language)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (found.returncode, found.stderr) == (0, "")


@needs_gettext
def test_the_catalogues_hold_the_texts_of_today(tmp_path, monkeypatch):
    copy = tmp_path / "django_mfa"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.chdir(copy)
    options = {"no_obsolete": True, "add_location": "file", "verbosity": 0}
    call_command("makemessages", locale=LANGUAGES, **options)
    for language in LANGUAGES:
        today = polib.pofile(str(source(language, root=copy)))
        ours = {(each.msgid, each.msgid_plural) for each in catalogue(language)}
        assert {(each.msgid, each.msgid_plural) for each in today} == ours


def test_gettext_has_no_name_that_makemessages_does_not_know():
    alias = re.compile(r"\b(\w*gettext\w*) as (?!_$)\w+", re.MULTILINE)
    for path in PACKAGE.rglob("*.py"):
        assert alias.findall(path.read_text(encoding="utf-8")) == [], path


@each_language
def test_numbers_find_their_form(language):
    one, many = "%(left)s code is left.", "%(left)s codes are left."
    with override(language):
        said = [ngettext(one, many, n) % {"left": n} for n in (0, 1, 2, 3, 10, 11, 100)]
        words = [re.sub(r"\d+", "", text) for text in said]
    assert len(set(words)) == {"ar": 6, "ja": 1}.get(language, 2)
    assert all(re.search(r"\d", text) for text in said)


@each_language
@pytest.mark.django_db
def test_the_sign_in_pages_are_in_the_language_of_the_browser(client, user, language):
    add_totp(user)
    add_recovery_codes(user)
    spoken = {"Accept-Language": f"{tag(language)},en;q=0.5"}
    login = reverse("django_mfa:login")
    page = read(client.get(login, headers=spoken), language)
    shown = said(language, "Sign in")
    assert shown != "Sign in"
    assert page.h1.text == shown
    assert page.title.text.startswith(shown)
    client.post(login, {"username": user.get_username(), "password": "pw"})
    verify = reverse("django_mfa:verify")
    page = read(client.get(verify, headers=spoken), language)
    assert page.h1.text == said(language, "Verify that it is you")
    assert page.find("button", type="submit").text == said(language, "Verify")
    page = read(client.post(verify, {"code": "000000"}, headers=spoken), language)
    assert page.title.text.startswith(said(language, "Error:"))


def read(response, language):
    assert response.status_code == 200
    page: Any = BeautifulSoup(response.content, "html.parser")
    direction = "rtl" if language in RIGHT_TO_LEFT else "ltr"
    assert (page.html["lang"], page.html["dir"]) == (tag(language), direction)
    return page


def said(language, text):
    with override(tag(language)):
        return gettext(text)
