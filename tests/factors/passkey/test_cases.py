"""The W cases: what must be refused, what must pass, and what is left behind."""

from __future__ import annotations

import json
import re
from typing import Any
from unicodedata import normalize

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_mfa.accounts.models import MFAAccount
from django_mfa.audit.models import AuditEvent
from django_mfa.challenges.models import Challenge
from django_mfa.factors.passkey import ceremony, models
from django_mfa.factors.passkey.models import Passkey
from django_mfa.testing import (
    FakeAuthenticator,
    add_passkey,
    add_recovery_codes,
    add_totp,
    freeze,
    mfa_login,
    totp_code,
)
from tests.factors.passkey.conftest import (
    ORIGIN,
    decode,
    failures,
    last_reason,
    refused,
)
from tests.stories import told


def configure(settings, **passkey: Any) -> None:
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "PASSKEY": passkey}


def is_signed_in(door) -> bool:
    return "_auth_user_id" in door.client.session


def says(**client_data: Any):
    def change(draft) -> None:
        draft.client_data |= client_data

    return change


def flagged(*, on: int = 0, off: int = 0):
    def change(draft) -> None:
        draft.flags = (draft.flags | on) & ~off

    return change


WRONG_ORIGINS = [
    "http://testserver",
    "https://testserver:8443",
    "https://testserver.evil.example",
    "https://eviltestserver",
    "https://testserver@evil.example",
    "https://sub.testserver",
    "https://TESTSERVER",
    "https://testserver/",
    "https://testserver.",
    "null",
    "",
    None,
    ["https://testserver"],
    {"origin": "https://testserver"},
    7,
    True,
]


@pytest.mark.parametrize("origin", WRONG_ORIGINS, ids=repr)
def test_W01_an_assertion_of_another_origin_is_refused(waiting, authenticator, origin):
    asked = waiting.begin("verify")
    refused(
        waiting.complete("verify", authenticator.get(asked, tamper=says(origin=origin)))
    )
    assert failures() == 1
    refused(waiting.complete("verify", authenticator.get(asked)))
    assert not is_signed_in(waiting)


@pytest.mark.parametrize("origin", WRONG_ORIGINS, ids=repr)
def test_W01_a_registration_of_another_origin_is_refused(
    enrolling, authenticator, origin
):
    asked = enrolling.begin("setup")
    answer = authenticator.create(asked, tamper=says(origin=origin))
    refused(enrolling.complete("setup", answer))
    assert not Passkey.objects.exists()


def test_W02_an_answer_for_another_rp_id_is_refused(waiting, authenticator):
    def change(draft) -> None:
        draft.rp_id = "evil.example"

    asked = waiting.begin("verify")
    refused(waiting.complete("verify", authenticator.get(asked, tamper=change)))
    assert last_reason() == "rp_id"


def test_W03_a_challenge_is_answered_once(waiting, authenticator):
    asked = waiting.begin("verify")
    bad = authenticator.get(
        asked, tamper=lambda draft: setattr(draft, "spoil_signature", True)
    )
    refused(waiting.complete("verify", bad))
    refused(waiting.complete("verify", authenticator.get(asked)))
    assert last_reason() == "challenge_spent"
    good = authenticator.get(waiting.begin("verify"))
    assert waiting.complete("verify", good).status_code == 200


def test_W03_a_right_answer_is_not_accepted_again(
    waiting, other_door, user, authenticator
):
    answer = authenticator.get(waiting.begin("verify"))
    assert waiting.complete("verify", answer).status_code == 200
    other_door.password(user)
    refused(other_door.complete("verify", answer))


def test_W03_a_challenge_expires(waiting, authenticator):
    with freeze() as clock:
        asked = waiting.begin("verify")
        clock.tick(301)
        refused(waiting.complete("verify", authenticator.get(asked)))
    assert last_reason() == "challenge_expired"


def test_W03_a_challenge_of_another_browser_is_refused_and_spent(
    waiting, other_door, user, authenticator
):
    other_door.password(user)
    asked = waiting.begin("verify")
    refused(other_door.complete("verify", authenticator.get(asked)))
    assert last_reason() == "challenge_other_browser"
    refused(waiting.complete("verify", authenticator.get(asked)))


def test_W03_a_challenge_of_another_user_is_refused(waiting, make_user, authenticator):
    bob = make_user("bob")
    other = FakeAuthenticator("testserver", ORIGIN)
    add_passkey(bob, other)
    asked = waiting.begin("verify")
    waiting.client.post("/mfa/cancel/")
    waiting.password(bob)
    refused(waiting.complete("verify", other.get(asked, passkey=other.passkeys[0])))
    assert not is_signed_in(waiting)


def test_W03_a_challenge_for_signing_in_registers_nothing(enrolling, authenticator):
    asked = enrolling.begin("login")
    full = {**enrolling.begin("setup"), "challenge": asked["challenge"]}
    refused(enrolling.complete("setup", authenticator.create(full)))
    assert last_reason() == "challenge_other_purpose"
    assert not Passkey.objects.exists()


@pytest.mark.parametrize("purpose", ["setup", "login", "verify"])
def test_W03_a_challenge_of_another_purpose_confirms_no_step_up(
    door, user, authenticator, passkey, purpose
):
    if purpose == "verify":
        door.password(user)
        asked = door.begin("verify")
        good = door.begin("verify")
        assert door.complete("verify", authenticator.get(good)).status_code == 200
    else:
        mfa_login(door.client, user, "passkey")
        asked = door.begin(purpose)
    refused(
        door.complete(
            "step_up", authenticator.get(asked, passkey=authenticator.passkeys[0])
        )
    )


@pytest.mark.parametrize("challenge", ["", "AAAA", "cut", None, 7, [], {}])
def test_W03_a_challenge_that_was_never_asked_is_refused(
    waiting, authenticator, challenge
):
    asked = waiting.begin("verify")
    wrong = asked["challenge"][:-4] if challenge == "cut" else challenge
    refused(
        waiting.complete(
            "verify", authenticator.get(asked, tamper=says(challenge=wrong))
        )
    )
    assert failures() == 1
    refused(waiting.complete("verify", authenticator.get(asked)))


def test_W03_a_name_that_comes_twice_is_refused(waiting, authenticator):
    asked = waiting.begin("verify")
    text = json.dumps(authenticator.get(asked))
    twice = text.replace('"type":', '"type": "public-key", "type":', 1)
    refused(waiting.complete("verify", '{"credential": ' + twice + "}"))
    assert failures() == 1
    refused(waiting.complete("verify", authenticator.get(asked)))


def test_W04_a_passkey_that_checked_nobody_is_refused_where_that_is_required(
    waiting, authenticator, settings
):
    configure(settings, USER_VERIFICATION="required")
    authenticator.user_verified = False
    refused(waiting.complete("verify", authenticator.get(waiting.begin("verify"))))
    assert last_reason() == "user_not_verified"


def test_W04_alone_it_is_always_refused(door, passkey, authenticator):
    authenticator.user_verified = False
    asked = door.begin("login")
    assert asked["userVerification"] == "required"
    refused(door.complete("login", authenticator.get(asked)))
    assert not is_signed_in(door)


@pytest.mark.parametrize(("verified", "factors"), [(True, 2), (False, 1)])
def test_W04_after_a_password_it_is_as_strong_as_it_was(
    waiting, authenticator, verified, factors
):
    authenticator.user_verified = verified
    answer = authenticator.get(waiting.begin("verify"))
    assert waiting.complete("verify", answer).status_code == 200
    (proof,) = waiting.client.session["_mfa_proofs"]
    assert proof["factors"] == factors
    assert proof["phishing_resistant"]
    assert ("pin" in proof["amr"]) is verified
    passed = AuditEvent.objects.get(event="challenge_passed")
    assert passed.details["user_verified"] is verified


def test_W05_the_user_handle_is_the_owners(waiting, door, authenticator):
    def change(draft) -> None:
        draft.user_handle = bytes(64)

    refused(
        waiting.complete(
            "verify", authenticator.get(waiting.begin("verify"), tamper=change)
        )
    )
    assert last_reason() == "user_handle"


@pytest.mark.parametrize("handle", [None, b"\0" * 64])
def test_W05_alone_it_says_whose_it_is(door, passkey, authenticator, handle):
    def change(draft) -> None:
        draft.user_handle = handle

    refused(
        door.complete("login", authenticator.get(door.begin("login"), tamper=change))
    )
    assert not is_signed_in(door)


@pytest.mark.parametrize("count", [9, 10, 0])
def test_W06_a_counter_that_fell_behind_is_refused(
    waiting, authenticator, passkey, count
):
    Passkey.objects.update(sign_count=10)
    answer = authenticator.get(
        waiting.begin("verify"),
        tamper=lambda draft: setattr(draft, "sign_count", count),
    )
    refused(waiting.complete("verify", answer))
    assert last_reason() == "possible_clone"
    passkey.refresh_from_db()
    assert (passkey.sign_count, passkey.disabled_at) == (10, None)


def test_W06_it_can_be_let_in_and_logged(waiting, authenticator, passkey, settings):
    configure(settings, CLONE="log")
    Passkey.objects.update(sign_count=10)
    answer = authenticator.get(waiting.begin("verify"))
    assert waiting.complete("verify", answer).status_code == 200
    passkey.refresh_from_db()
    assert passkey.sign_count == 10
    passed = AuditEvent.objects.get(event="challenge_passed")
    assert passed.details["possible_clone"] is True
    assert "clone_suspected" in told()


def test_W06_it_can_be_disabled(waiting, authenticator, passkey, settings):
    configure(settings, CLONE="disable")
    Passkey.objects.update(sign_count=10)
    refused(waiting.complete("verify", authenticator.get(waiting.begin("verify"))))
    passkey.refresh_from_db()
    assert passkey.disabled_at
    assert passkey.disabled_reason == "possible_clone"
    assert "device_disabled" in told()


def test_W06_a_passkey_that_never_counts_is_accepted(door, user, authenticator):
    authenticator.counts = False
    add_passkey(user, authenticator)
    for _ in range(2):
        answer = door.complete("login", authenticator.get(door.begin("login")))
        assert answer.status_code == 200


BE, BS, UP = 0x08, 0x10, 0x01


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (flagged(on=BE), "backup_eligibility"),
        (flagged(on=BS), "backup_flags"),
        (flagged(off=UP), "user_not_present"),
    ],
)
def test_W07_flags_that_cannot_be_are_refused(waiting, authenticator, change, reason):
    asked = waiting.begin("verify")
    refused(waiting.complete("verify", authenticator.get(asked, tamper=change)))
    assert last_reason() == reason


def test_W07_a_passkey_that_came_to_be_synced_is_shown_so(door, user, authenticator):
    authenticator.backup_eligible = True
    passkey = add_passkey(user, authenticator)
    authenticator.backed_up = True
    assert (
        door.complete("login", authenticator.get(door.begin("login"))).status_code
        == 200
    )
    passkey.refresh_from_db()
    assert passkey.backed_up
    assert "Synced" in door.client.get("/mfa/").content.decode()


def test_W08_another_persons_passkey_answers_nothing(waiting, make_user):
    other = FakeAuthenticator("testserver", ORIGIN)
    theirs = add_passkey(make_user("bob"), other)
    asked = waiting.begin("verify")
    answer = waiting.complete("verify", other.get(asked, passkey=other.passkeys[0]))
    refused(answer)
    # The browser must not be told to forget it: it is bob's.
    assert "unknown_credential" not in answer.json()
    theirs.refresh_from_db()
    assert (theirs.failures, theirs.uses) == (0, 0)


def test_W08_another_persons_passkey_confirms_no_step_up(
    door, user, passkey, make_user
):
    other = FakeAuthenticator("testserver", ORIGIN)
    add_passkey(make_user("bob"), other)
    mfa_login(door.client, user, "passkey")
    asked = door.begin("step_up")
    refused(door.complete("step_up", other.get(asked, passkey=other.passkeys[0])))


def test_W09_a_passkey_is_registered_once(enrolling, authenticator, make_user):
    add_passkey(make_user("bob"), authenticator)

    def change(draft) -> None:
        draft.attested_id = authenticator.passkeys[0].id
        draft.passkey.id = authenticator.passkeys[0].id

    asked = enrolling.begin("setup")
    answer = enrolling.complete("setup", authenticator.create(asked, tamper=change))
    refused(answer, "already_registered")
    assert answer.status_code == 409
    assert Passkey.objects.count() == 1
    assert failures() == 1


def test_W09_the_id_beside_the_attestation_is_the_one_inside(enrolling, authenticator):
    asked = enrolling.begin("setup")
    answer = authenticator.create(
        asked, tamper=lambda draft: setattr(draft, "attested_id", b"x" * 16)
    )
    refused(enrolling.complete("setup", answer))
    assert last_reason() == "credential_id"


def test_W09_an_id_is_at_most_1023_bytes_long(enrolling, authenticator):
    def change(draft) -> None:
        draft.attested_id = draft.passkey.id = b"x" * 1024

    asked = enrolling.begin("setup")
    refused(enrolling.complete("setup", authenticator.create(asked, tamper=change)))
    assert last_reason() == "credential_id_length"


@pytest.mark.parametrize(
    "frame",
    [
        {"crossOrigin": True},
        {"crossOrigin": True, "topOrigin": "https://evil.example"},
        {"crossOrigin": False, "topOrigin": "https://evil.example"},
        {"topOrigin": ORIGIN},
    ],
    ids=str,
)
@pytest.mark.parametrize("purpose", ["setup", "login"])
def test_W10_nothing_is_accepted_within_a_frame(
    enrolling, user, authenticator, frame, purpose
):
    asked = enrolling.begin(purpose)
    if purpose == "setup":
        answer = authenticator.create(asked, tamper=says(**frame))
    else:
        add_passkey(user, authenticator)
        answer = authenticator.get(asked, tamper=says(**frame))
    refused(enrolling.complete(purpose, answer))
    assert last_reason() == "cross_origin"


def test_W10_only_known_sites_may_frame(door, passkey, authenticator, settings):
    configure(settings, TOP_ORIGINS=["https://partner.example"])
    frame = {"crossOrigin": True, "topOrigin": "https://evil.example"}
    asked = door.begin("login")
    refused(door.complete("login", authenticator.get(asked, tamper=says(**frame))))
    assert last_reason() == "top_origin"
    frame["topOrigin"] = "https://partner.example"
    answer = authenticator.get(door.begin("login"), tamper=says(**frame))
    assert door.complete("login", answer).status_code == 200


@pytest.mark.parametrize("value", ["true", 1, None, [], {}])
def test_W10_what_says_whether_it_is_framed_is_a_boolean(
    door, passkey, authenticator, value
):
    asked = door.begin("login")
    refused(
        door.complete("login", authenticator.get(asked, tamper=says(crossOrigin=value)))
    )


def test_W12_what_is_offered_is_what_is_accepted(enrolling, settings):
    configure(settings, ALGORITHMS=[-8, -7, -257, -35, -65535, -999])
    params = enrolling.begin("setup")["pubKeyCredParams"]
    assert [each["alg"] for each in params] == [-8, -7, -257]


@pytest.mark.parametrize("algorithm", [-35, -36, -37, -65535, -999, 0, "ES256", None])
def test_W12_another_algorithm_is_refused(enrolling, authenticator, algorithm):
    import cbor2

    def change(draft) -> None:
        draft.cose_key = cbor2.dumps({**cbor2.loads(draft.cose_key), 3: algorithm})

    asked = enrolling.begin("setup")
    refused(enrolling.complete("setup", authenticator.create(asked, tamper=change)))
    assert not Passkey.objects.exists()


@pytest.mark.parametrize("algorithm", [-8, -7, -257])
def test_each_algorithm_that_is_offered_works(
    enrolling, door, authenticator, algorithm
):
    authenticator.algorithms = (algorithm,)
    answer = enrolling.complete("setup", authenticator.create(enrolling.begin("setup")))
    assert answer.status_code == 200
    assert Passkey.objects.get().algorithm == algorithm
    answer = door.complete("login", authenticator.get(door.begin("login")))
    assert answer.status_code == 200


def test_the_budget_holds_whatever_the_number_of_passkeys(door, user, authenticator):
    add_passkey(user, authenticator)
    counts = set()
    for number in (1, 10):
        while Passkey.objects.count() < number:
            add_passkey(user, FakeAuthenticator("testserver", ORIGIN))
        for purpose in ("verify", "login"):
            door.client.logout()
            if purpose == "verify":
                door.password(user)
            asked = door.begin(purpose)
            answer = authenticator.get(asked, passkey=authenticator.passkeys[0])
            with CaptureQueriesContext(
                connection,
            ) as seen:
                assert door.complete(purpose, answer).status_code == 200
            words = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT")
            run = [q for q in seen.captured_queries if not q["sql"].startswith(words)]
            counts.add((purpose, len(run)))
            assert len(run) <= 12
    assert len(counts) == 2


def test_a_locked_account_still_opens_to_its_passkey(waiting, user, authenticator):
    secret = add_totp(user)
    add_recovery_codes(user)
    waiting.client.post("/mfa/cancel/")
    waiting.password(user)
    for _ in range(5):
        waiting.client.post("/mfa/verify/totp/", {"code": "000000"})
    locked = waiting.client.post("/mfa/verify/totp/", {"code": totp_code(secret)})
    assert locked.status_code == 429
    answer = authenticator.get(waiting.begin("verify"))
    assert waiting.complete("verify", answer).status_code == 200


def test_strangers_cannot_shut_its_owner_out(door, passkey, authenticator):
    for _ in range(25):
        bad = authenticator.get(
            door.begin("login"),
            tamper=lambda draft: setattr(draft, "spoil_signature", True),
        )
        refused(door.complete("login", bad))
    passkey.refresh_from_db()
    assert passkey.failures == 25
    answer = door.complete("login", authenticator.get(door.begin("login")))
    assert answer.status_code == 200


def test_an_unknown_passkey_is_said_to_be_unknown(door, passkey, authenticator):
    Passkey.objects.all().delete()
    answer = door.complete("login", authenticator.get(door.begin("login")))
    refused(answer)
    assert answer.json()["unknown_credential"] is True
    assert (failures(), last_reason()) == (1, "unknown_credential")


def test_a_disabled_passkey_is_refused(door, passkey, authenticator):
    Passkey.objects.update(disabled_at="2026-01-01T00:00Z")
    answer = door.complete("login", authenticator.get(door.begin("login")))
    refused(answer)
    assert "unknown_credential" not in answer.json()


def test_somebody_who_may_not_sign_in_does_not(door, user, passkey, authenticator):
    user.is_active = False
    user.save()
    refused(door.complete("login", authenticator.get(door.begin("login"))))
    assert (failures(), last_reason()) == (1, "user_not_allowed")
    assert not is_signed_in(door)


def test_challenges_of_a_browser_do_not_pile_up(door, passkey):
    for _ in range(20):
        door.begin("login")
    assert Challenge.objects.count() == 16


def test_begin_is_no_get_and_wants_the_token_of_the_page(client, user, passkey):
    strict = type(client)(enforce_csrf_checks=True)
    for path in ("login/passkey/begin/", "login/passkey/", "setup/passkey/begin/"):
        assert strict.post(f"/mfa/{path}", "{}", "application/json").status_code == 403
    for path in (
        "login/passkey/begin/",
        "setup/passkey/begin/",
        "verify/passkey/begin/",
    ):
        assert client.get(f"/mfa/{path}").status_code == 405
    assert not Challenge.objects.exists()


def test_E01_a_password_alone_registers_nothing(door, user, authenticator, make_user):
    add_totp(user)
    door.password(user)
    answer = door.ask("setup")
    assert answer.status_code in (401, 403)
    assert answer.json()["code"] in ("mfa_required", "login_expired")
    assert not Challenge.objects.exists()


def test_without_factors_a_fresh_password_registers_the_first(
    door, user, authenticator
):
    door.password(user)
    answer = door.complete("setup", authenticator.create(door.begin("setup")))
    assert answer.status_code == 200
    assert len(answer.json()["recovery_codes"]) == 10
    assert told() == [
        "enrolment_started",
        "device_confirmed",
        "recovery_codes_generated",
    ]


@pytest.mark.parametrize("verified", [True, False])
def test_what_is_known_of_a_new_passkey_is_kept_and_told(
    enrolling, authenticator, verified
):
    authenticator.user_verified = verified
    authenticator.aaguid = bytes(range(16))
    authenticator.transports = ("usb", "nfc")
    authenticator.discoverable = False
    made = authenticator.create(
        enrolling.begin("setup"), tamper=lambda draft: setattr(draft, "sign_count", 5)
    )
    assert enrolling.complete("setup", made).status_code == 200
    kept = Passkey.objects.get()
    (fake,) = authenticator.passkeys
    written = "00010203-0405-0607-0809-0a0b0c0d0e0f"
    assert (kept.raw_id, bytes(kept.public_key)) == (fake.id, fake.cose_key)
    assert (kept.algorithm, kept.sign_count, kept.aaguid) == (-7, 5, written)
    assert (kept.transports, kept.attachment) == (["nfc", "usb"], "cross-platform")
    assert (kept.backup_eligible, kept.backed_up) == (False, False)
    assert (kept.verified_at_first, kept.verified_last) == (verified, verified)
    assert (kept.attestation, kept.trust, kept.discoverable) == ("none", "none", False)
    assert kept.created == kept.last_used
    told_of = AuditEvent.objects.get(event="device_confirmed").details
    assert told_of["user_verified"] is verified
    assert told_of["aaguid"] == written
    *_before, proof = enrolling.client.session["_mfa_proofs"]
    assert proof["factors"] == (2 if verified else 1)


def shown(door, name):
    return [
        each["id"]
        for each in door.begin("login", {"username": name})["allowCredentials"]
    ]


def test_names_cannot_be_tried_out_by_the_number_of_their_passkeys(door, user):
    for _ in range(2):
        add_passkey(user, FakeAuthenticator("testserver", ORIGIN))
    assert len(shown(door, user.get_username())) == 2
    counts = {len(shown(door, f"nobody{number}")) for number in range(40)}
    assert counts == {1, 2, 3}


@pytest.mark.parametrize("known", [True, False])
def test_names_cannot_be_tried_out_by_other_spellings(door, passkey, known):
    plain = passkey.user.get_username() if known else "nobody"
    spelling = plain.replace("a", "\uff41").replace("o", "\uff4f")
    assert normalize("NFKC", spelling) == plain != spelling
    assert shown(door, spelling) == shown(door, plain)


def test_a_database_that_takes_one_case_for_the_other_tells_nobody(door, passkey):
    name = passkey.user.get_username()
    assert shown(door, name) == [passkey.credential_id]
    assert passkey.credential_id not in shown(door, name.title())


@pytest.mark.parametrize("known", [True, False])
def test_names_cannot_be_tried_out_by_answers(door, passkey, authenticator, known):
    """Whoever asks for a name can answer with what was shown, signed by no key."""
    name = passkey.user.get_username() if known else "nobody"
    for given in shown(door, name):
        forged = authenticator.get(door.begin("login"))
        forged |= {"id": given, "rawId": given}
        forged["response"]["signature"] = "AAAA"
        answer = door.complete("login", forged)
        refused(answer)
        assert set(answer.json()) == {"code", "detail"}


@pytest.mark.parametrize("known", [True, False])
def test_names_cannot_be_tried_out_by_adding_what_was_shown(
    enrolling, make_user, authenticator, known
):
    """Whoever may add a passkey chooses its id; nobody vouches for it."""
    bob = make_user("bob")
    add_passkey(bob)
    (given, *_rest) = shown(enrolling, bob.get_username() if known else "nobody")

    def change(draft) -> None:
        draft.attested_id = draft.passkey.id = decode(given)

    asked = enrolling.begin("setup")
    answer = enrolling.complete("setup", authenticator.create(asked, tamper=change))
    refused(answer, "already_registered")
    assert last_reason() == "already_registered"


@pytest.mark.parametrize("problem", ["", "spent"])
def test_names_cannot_be_tried_out_by_what_is_done(
    door, passkey, authenticator, monkeypatch, problem
):
    """As many statements, on the same tables, and as much to verify."""
    verified: list[bytes] = []
    verify = ceremony.authenticate

    def count(*given: Any, **named: Any) -> Any:
        verified.append(named["key"])
        return verify(*given, **named)

    monkeypatch.setattr(models.ceremony, "authenticate", count)
    done = []
    for name in (passkey.user.get_username(), "nobody"):
        (given, *_rest) = shown(door, name)
        forged = authenticator.get(
            door.begin("login"), tamper=lambda draft: setattr(draft, "rp_id", "x")
        )
        if problem:
            door.complete("login", forged)
        forged |= {"id": given, "rawId": given}
        verified.clear()
        with CaptureQueriesContext(connection) as seen:
            refused(door.complete("login", forged))
        tables = [
            sorted(
                set(
                    re.findall(
                        r"\w+_\w+(?=[\"`] SET|[\"`] \(|[\"`] WHERE)", each["sql"]
                    )
                )
            )
            for each in seen.captured_queries
        ]
        done.append((sorted(tables), len(verified)))
    assert done[0] == done[1]
    assert done[0][1] == (0 if problem else 1)


@pytest.mark.parametrize("name", ["\ud800", "a\0", "\udfff" * 3])
def test_a_name_that_cannot_be_stored_is_malformed(door, passkey, name):
    refused(door.ask("login", {"username": name}), "malformed_response")


def test_a_user_handle_of_nothing_is_no_user_handle(door, user, passkey, authenticator):
    MFAAccount.objects.update(user_handle=None)
    answer = authenticator.get(door.begin("login"))
    answer["response"]["userHandle"] = "="
    refused(door.complete("login", answer))
    assert not is_signed_in(door)


@pytest.mark.parametrize(
    "attachment", ["\ud800", "a\0b", "é", "x" * 17, 7, ["platform"]]
)
def test_an_attachment_that_is_none_is_malformed(enrolling, authenticator, attachment):
    answer = authenticator.create(enrolling.begin("setup"))
    answer["authenticatorAttachment"] = attachment
    refused(enrolling.complete("setup", answer))
    assert not Passkey.objects.exists()
