from __future__ import annotations

import pyotp
from django.test import TestCase, override_settings

from django_mfa.testing import FactorContract
from testproject.hotp.factor import HOTPFactor

FACTORS = ["testproject.hotp.factor.HOTPFactor", "recovery_code"]


@override_settings(DJANGO_MFA={"FACTORS": FACTORS})
class HOTPContract(FactorContract, TestCase):
    slug = "hotp"

    def enrol(self, user):
        self.device = HOTPFactor().new_device(user)
        type(self.device).objects.update(confirmed=True)

    def right(self, user):
        return pyotp.HOTP(self.device.secret).at(0)

    def wrong(self, user):
        return pyotp.HOTP(self.device.secret).at(5000)
