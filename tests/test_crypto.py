from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from django_mfa import crypto
from django_mfa.errors import KeyTrouble

PLACE = "django_mfa_totpdevice:1:abc:sealed_secret"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def use(settings, *keys: str) -> None:
    settings.DJANGO_MFA = {"ENCRYPTION_KEYS": list(keys)}


def why(sealed: str, place: str = PLACE) -> str:
    with pytest.raises(KeyTrouble) as caught:
        crypto.unseal(sealed, place)
    assert SECRET not in f"{caught.value}{caught.value.details}"
    return caught.value.details["why"]


def test_what_was_sealed_opens_again():
    assert crypto.unseal(crypto.seal(SECRET, PLACE), PLACE) == SECRET


def test_any_text_can_be_sealed():
    assert (
        crypto.unseal(crypto.seal("h\u00e9 \x00 \U0001d7d9", PLACE), PLACE)
        == "h\u00e9 \x00 \U0001d7d9"
    )


def test_the_secret_cannot_be_read_in_the_sealed_text():
    sealed = crypto.seal(SECRET, PLACE)
    assert SECRET not in sealed
    assert SECRET.encode() not in urlsafe_b64decode(sealed.split(".", 2)[2])


def test_the_same_secret_is_never_sealed_alike():
    assert crypto.seal(SECRET, PLACE) != crypto.seal(SECRET, PLACE)


def test_a_secret_opens_at_its_own_place_only():
    assert why(crypto.seal(SECRET, PLACE), PLACE.replace(":1:", ":2:")) == (
        "does_not_open"
    )


def test_the_keys_come_from_the_secret_key_where_none_are_named(settings):
    settings.DJANGO_MFA = {}
    settings.SECRET_KEY = "first"
    settings.SECRET_KEY_FALLBACKS = ["second", b"third"]
    assert crypto.keys() == ["first", "second", "third"]


def test_named_keys_take_the_place_of_the_secret_key(settings):
    use(settings, "one", "two")
    settings.SECRET_KEY = "first"
    assert crypto.keys() == ["one", "two"]


def test_the_first_key_seals_and_every_key_opens(settings):
    use(settings, "old")
    sealed = crypto.seal(SECRET, PLACE)
    use(settings, "new", "old")
    assert crypto.unseal(sealed, PLACE) == SECRET
    resealed = crypto.seal(SECRET, PLACE)
    use(settings, "new")
    assert crypto.unseal(resealed, PLACE) == SECRET


def test_a_secret_outlives_a_change_of_the_secret_key_by_the_fallbacks(settings):
    settings.DJANGO_MFA = {}
    settings.SECRET_KEY = "old"
    sealed = crypto.seal(SECRET, PLACE)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new", ["old"]
    assert crypto.unseal(sealed, PLACE) == SECRET


def test_without_its_key_a_secret_is_key_trouble_that_names_the_key(settings):
    use(settings, "old")
    sealed = crypto.seal(SECRET, PLACE)
    use(settings, "new")
    with pytest.raises(KeyTrouble) as caught:
        crypto.unseal(sealed, PLACE)
    assert caught.value.details == {
        "why": "key_missing",
        "key_id": crypto.key_id("old"),
    }


def test_a_key_of_the_same_name_that_does_not_fit_is_key_trouble(settings):
    use(settings, "old")
    token = crypto.seal(SECRET, PLACE).split(".", 2)[2]
    use(settings, "new")
    assert why(f"1.{crypto.key_id('new')}.{token}") == "does_not_open"


@pytest.mark.parametrize("sealed", ["", "x", "1.abc", "JBSWY3DPEHPK3PXP"])
def test_what_is_no_sealed_text_is_key_trouble(sealed):
    assert why(sealed) == "malformed"


def test_a_sealed_text_of_another_version_is_not_opened():
    sealed = crypto.seal(SECRET, PLACE)
    assert why("2" + sealed[1:]) == "key_missing"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: token[:-8],
        lambda token: "",
        lambda token: token + "\udcff",
        lambda token: urlsafe_b64encode(b"\x80" + b"\0" * 72).decode(),
        lambda token: token[:30] + ("A" if token[30] != "A" else "B") + token[31:],
    ],
    ids=["cut", "empty", "no-text", "zeros", "one-sign"],
)
def test_a_spoilt_secret_is_key_trouble(spoil):
    version, name, token = crypto.seal(SECRET, PLACE).split(".", 2)
    assert why(f"{version}.{name}.{spoil(token)}") == "does_not_open"


def test_a_sealed_text_says_by_which_key_it_was_sealed(settings):
    use(settings, "one", "two")
    sealed = crypto.seal(SECRET, PLACE)
    assert sealed.startswith(crypto.sealed_with_first_key())
    assert crypto.sealed_with_first_key() == f"1.{crypto.key_id('one')}."
    use(settings, "two", "one")
    assert not sealed.startswith(crypto.sealed_with_first_key())


def test_a_key_is_named_by_eight_hex_digits_that_are_no_part_of_its_use():
    name = crypto.key_id("one")
    assert len(name) == 8
    assert name != crypto.key_id("two")
    assert not crypto.derive("one", "seal:x").hex().startswith(name)


def test_keys_are_derived_as_hkdf_says():
    wanted = HKDF(SHA256(), 32, salt=b"django_mfa", info=b"seal:place").derive(b"key")
    assert crypto.derive("key", "seal:place") == wanted


def test_each_purpose_has_a_key_of_its_own():
    assert crypto.derive("key", "a") != crypto.derive("key", "b")
