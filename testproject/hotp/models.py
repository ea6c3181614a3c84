from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.crypto import constant_time_compare

from django_mfa import crypto
from django_mfa.errors import MalformedCode
from django_mfa.extras import lazy
from django_mfa.factors.devices import MFADevice
from django_mfa.values import Verdict

pyotp = lazy("pyotp")  # imported when first used, so that start-up stays light

CODE = re.compile(r"[0-9]{6}")
AHEAD = 10  # a token may have been pressed so often for nothing (RFC 4226 section 7.4)


def is_code(response: Any) -> bool:
    """Whether it is a text of six ASCII digits."""
    return isinstance(response, str) and bool(CODE.fullmatch(response))


class HOTPDevice(MFADevice):
    """A token that shows the next code at each press (RFC 4226)."""

    factor = "hotp"

    sealed_secret = models.TextField(editable=False)
    counter = models.BigIntegerField(default=0, editable=False)

    #: Columns sealed by `crypto`: they are sealed anew when keys are rotated.
    sealed_fields = ("sealed_secret",)

    class Meta:
        verbose_name = "security token"
        verbose_name_plural = "security tokens"

    @property
    def secret(self) -> str:
        """The shared secret; raise `KeyTrouble` when it cannot be opened."""
        return crypto.unseal(self.sealed_secret, self.place("sealed_secret"))

    @secret.setter
    def secret(self, value: str) -> None:
        self.sealed_secret = crypto.seal(value, self.place("sealed_secret"))

    def judge(self, response: Any) -> Verdict:
        """Compare in memory with the codes that may come next; write nothing."""
        if not is_code(response):
            raise MalformedCode
        hotp = pyotp.HOTP(self.secret)
        for counter in range(self.counter, self.counter + AHEAD):
            if constant_time_compare(hotp.at(counter), response):
                return Verdict(self, right=True, claim={"counter": counter})
        return Verdict(self, right=False, reason="wrong")

    def claim_terms(self, claim: Mapping[str, Any]) -> tuple[Q, dict[str, Any]]:
        """Only a counter that nobody has passed; then it and all before are spent."""
        return Q(counter__lte=claim["counter"]), {"counter": claim["counter"] + 1}
