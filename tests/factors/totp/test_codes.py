from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pyotp
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from django_mfa.factors.totp import codes

VECTORS = json.loads(
    (Path(__file__).parents[2] / "vectors" / "otp_rfc.json").read_text()
)
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
LOOK: dict[str, Any] = {"digits": 6, "period": 30, "algorithm": "SHA1"}


@pytest.mark.parametrize("vector", VECTORS["totp_rfc6238"], ids=json.dumps)
def test_codes_are_those_of_rfc_6238(vector):
    step = vector["time"] // vector["period"]
    for digits in (8, 6):
        look: dict[str, Any] = {key: vector[key] for key in ("period", "algorithm")}
        code = codes.code_at(vector["secret_base32"], step, digits=digits, **look)
        assert code == vector["code"][-digits:]


@pytest.mark.parametrize("vector", VECTORS["hotp_rfc4226"], ids=json.dumps)
def test_codes_are_those_of_rfc_4226(vector):
    assert codes.code_at(SECRET, vector["counter"], **LOOK) == vector["code"]


def test_a_secret_has_160_random_bits_in_base32():
    secret = codes.new_secret()
    assert len(secret) == 32
    assert set(secret) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
    assert secret != codes.new_secret()


@pytest.mark.parametrize("secret", ["JBSWY3DPEHPK3PXP", "jbswy3dpehpk3pxp"])
def test_a_short_secret_of_another_package_gives_the_same_codes(secret):
    # Computed once with `oathtool --totp -b --now "1970-01-01 00:00:59 UTC"`.
    assert codes.code_at(secret, 1, **LOOK) == "996554"


@pytest.mark.parametrize(
    ("given_code", "digits", "wanted"),
    [
        ("123456", 6, "123456"),
        (" 123 456 ", 6, "123456"),
        ("123-456", 6, "123456"),
        ("012345", 6, "012345"),
        ("12345678", 8, "12345678"),
        ("12345678", 6, None),
        ("12345", 6, None),
        ("", 6, None),
        ("12345a", 6, None),
        ("12345٦", 6, None),
        ("١٢٣٤٥٦", 6, None),
        ("\uff11\uff12\uff13\uff14\uff15\uff16", 6, None),
        ("12345²", 6, None),
        ("9_7_3_0", 6, None),
        ("+12345", 6, None),
        ("1234.5", 6, None),
        ("12345\n", 6, None),
        ("\t12345", 6, None),
        ("12345\x00", 6, None),
    ],
)
def test_a_code_is_ascii_digits_of_the_right_number(given_code, digits, wanted):
    assert codes.normalized(given_code, digits) == wanted


@given(st.text() | st.text("0123456789 -_+.", max_size=9), st.sampled_from([6, 8]))
@example("123 456", 6)
def test_any_text_is_a_code_or_none(text, digits):
    found = codes.normalized(text, digits)
    if found is not None:
        assert len(found) == digits
        assert set(found) <= set("0123456789")


@given(st.text(st.characters(categories=["Nd", "No"]), min_size=6, max_size=6))
def test_digits_of_other_scripts_are_no_code(text):
    assert codes.normalized(text, 6) == (text if text.isascii() else None)


def test_the_step_of_a_code_is_found_among_those_that_count():
    code = codes.code_at(SECRET, 100, **LOOK)
    assert codes.matching_step(SECRET, code, [99, 100, 101], **LOOK) == 100
    assert codes.matching_step(SECRET, code, [101, 102], **LOOK) is None
    assert codes.matching_step(SECRET, code, [], **LOOK) is None


def test_of_two_steps_with_the_same_code_the_newest_is_found(monkeypatch):
    monkeypatch.setattr(codes, "code_at", lambda *args, **look: "111111")
    assert codes.matching_step(SECRET, "111111", [3, 1, 2], **LOOK) == 3


def test_steps_before_the_beginning_of_time_are_none():
    code = codes.code_at(SECRET, 0, **LOOK)
    assert codes.matching_step(SECRET, code, [-1, 0, 1], **LOOK) == 0


def test_every_step_is_compared_whichever_is_right(monkeypatch):
    code = codes.code_at(SECRET, 1, **LOOK)
    asked: list[int] = []
    real = codes.code_at

    def note(secret, step, **look):
        asked.append(step)
        return real(secret, step, **look)

    monkeypatch.setattr(codes, "code_at", note)
    codes.matching_step(SECRET, code, [1, 2, 3], **LOOK)
    assert asked == [1, 2, 3]


def test_the_link_is_what_apps_read():
    uri = codes.provisioning_uri(
        SECRET, account="alice@example.com", issuer="Example Bank", **LOOK
    )
    parts = urlsplit(uri)
    query = {name: each[0] for name, each in parse_qs(parts.query).items()}
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert unquote(parts.path) == "/Example Bank:alice@example.com"
    assert query == {"secret": SECRET, "issuer": "Example Bank"}


@pytest.mark.parametrize("algorithm", ["SHA256", "SHA512"])
def test_the_link_says_what_differs_from_the_usual(algorithm):
    look: dict[str, Any] = {"digits": 8, "period": 60, "algorithm": algorithm}
    totp = pyotp.parse_uri(
        codes.provisioning_uri(SECRET, account="a", issuer="b", **look)
    )
    assert isinstance(totp, pyotp.TOTP)
    assert (totp.digits, totp.interval) == (8, 60)
    assert totp.generate_otp(7) == codes.code_at(SECRET, 7, **look)


def test_a_colon_ends_no_name_early():
    uri = codes.provisioning_uri(SECRET, account="a:b", issuer="c:d", **LOOK)
    totp = pyotp.parse_uri(uri)
    assert (totp.name, totp.issuer) == ("a b", "c d")


@given(st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20))
def test_any_names_give_a_link_that_holds_the_secret(account, issuer):
    uri = codes.provisioning_uri(SECRET, account=account, issuer=issuer, **LOOK)
    assert parse_qs(urlsplit(uri).query)["secret"] == [SECRET]


def test_a_secret_is_grouped_for_typing():
    assert codes.grouped("ABCDEFGHIJ") == "ABCD EFGH IJ"
