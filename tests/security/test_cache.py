"""F02: a cache that is flushed between each two steps, or down all the time."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.urls import reverse

from django_mfa.audit.models import AuditEvent
from django_mfa.testing import FakeAuthenticator, add_passkey, add_phone, sms_outbox
from tests.browser import Browser
from tests.sent import last_sms, other_than

DOWN = "tests.security.test_faults.DeadCache"

pytestmark = pytest.mark.usefixtures("sends", "clock")


@pytest.fixture(params=["flushed", "down"], autouse=True)
def state(request, settings):
    if request.param == "down":
        settings.CACHES = {"default": {"BACKEND": DOWN}}
    return request.param


@pytest.fixture
def browser(state):
    """A browser before each of whose requests the cache is flushed, if it can be."""

    class Flushing(Browser):
        def request(self, **request):
            if state == "flushed":
                cache.clear()
            return super().request(**request)

    return Flushing


def reasons():
    rows = AuditEvent.objects.filter(event="challenge_failed").order_by("id")
    return list(rows.values_list("reason", flat=True))


def test_F02_codes_that_are_sent(make_user, browser, clock):
    user = make_user("erin")
    add_phone(user, "+447700900123")
    waiting = browser().begin(user)
    assert waiting.send("verify_send", "sms").status_code == 302
    # The wait before the next one holds.
    assert waiting.send("verify_send", "sms").status_code == 429
    assert len(sms_outbox) == 1
    # So do the tries of a code.
    code = last_sms()
    for _ in range(3):
        waiting.send("verify", "sms", code=other_than(code))
    waiting.send("verify", "sms", code=code)
    assert not waiting.is_in
    clock.tick(61)
    assert waiting.send("verify_send", "sms").status_code == 302
    code = last_sms()
    waiting.send("verify", "sms", code=code)
    assert waiting.is_in
    again = browser().begin(user)
    again.send("verify", "sms", code=code)
    assert not again.is_in


def ceremony(client, page, key):
    """Answer a challenge; return the answer of the server, and what was sent."""
    url = reverse(f"django_mfa:{page}", args=["passkey"])
    asked = client.post(reverse(f"django_mfa:{page}_begin", args=["passkey"]))
    assert asked.status_code == 200
    sent = {"credential": key.get(asked.json())}
    return client.post(url, sent, content_type="application/json"), sent


def test_F02_passkeys_and_step_up(make_user, browser, clock):
    user = make_user("erin")
    key = FakeAuthenticator("testserver", "https://testserver")
    add_passkey(user, key)
    client = browser().begin(user)
    answer, sent = ceremony(client, "verify", key)
    assert answer.status_code == 200
    assert client.is_in
    other = browser().begin(user)
    url = reverse("django_mfa:verify", args=["passkey"])
    assert other.post(url, sent, content_type="application/json").status_code == 400
    assert not other.is_in
    clock.tick(1000)
    assert client.page("disable").status_code == 302
    url = reverse("django_mfa:step_up", args=["passkey"])
    assert client.post(url, sent, content_type="application/json").status_code == 400
    assert client.page("disable").status_code == 302
    assert ceremony(client, "step_up", key)[0].status_code == 200
    assert client.page("disable").status_code == 200
    assert reasons() == ["challenge_spent"] * 2
