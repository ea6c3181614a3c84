"""What the quickstart promises, told by a test of the site that it makes."""

from __future__ import annotations

import re

from django.contrib.auth import get_user_model
from django.test import TestCase

from django_mfa.testing import freeze, totp_code


class Quickstart(TestCase):
    def setUp(self):
        users = get_user_model().objects
        users.create_superuser("root", "root@example.com", "a long password")
        self.clock = self.enterContext(freeze())

    def test_a_superuser_sets_up_signs_in_and_loses_the_phone(self):
        assert self.give_password() == "/mfa/setup/"
        secret, codes = self.set_up()
        self.assert_in_the_admin()

        self.clock.tick(30)
        self.sign_out()
        assert self.give_password() == "/mfa/verify/"
        self.assert_not_in_the_admin()
        self.verify(totp_code(secret))
        self.assert_in_the_admin()

        self.sign_out()
        self.give_password()
        self.verify(codes[0])
        self.assert_in_the_admin()

        self.sign_out()
        self.give_password()
        self.verify(codes[0])
        self.assert_not_in_the_admin()

        self.verify(codes[1])
        log = self.client.get("/admin/django_mfa/auditevent/").content.decode()
        assert "recovery_code_used" in log

    def give_password(self):
        """Follow the admin to its login page and on; return where that led."""
        page = self.client.get("/admin/", follow=True)
        data = {"username": "root", "password": "a long password"}
        page = self.client.post(page.redirect_chain[-1][0], data, follow=True)
        return page.request["PATH_INFO"]

    def set_up(self):
        page = self.client.get("/mfa/setup/totp/").content.decode()
        secret = re.findall(r"secret=([A-Z2-7]+)", page)[0]
        shown = self.client.post("/mfa/setup/totp/", {"code": totp_code(secret)})
        return secret, re.findall(
            r"\b[A-Z0-9]{4}-[A-Z0-9]{4}\b", shown.content.decode()
        )

    def verify(self, code):
        self.client.post("/mfa/verify/", {"code": code})

    def sign_out(self):
        self.client.post("/admin/logout/")

    def assert_in_the_admin(self):
        self.assertContains(self.client.get("/admin/"), "Site administration")

    def assert_not_in_the_admin(self):
        assert self.client.get("/admin/").status_code == 302
