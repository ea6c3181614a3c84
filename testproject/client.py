"""A command-line client for the API, with signed tokens; see docs/api-clients.md."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from getpass import getpass
from pathlib import Path
from typing import Any

import httpx

URL = "http://localhost:8000/api/app/"
KEPT = Path.home() / ".example-bank.json"

#: The methods whose code is sent when it is asked for.
SENT = ("sms", "email")

#: Asks the person for what is named: "Code", or "Password", which is not seen.
Ask = Callable[[str], str]
Told = dict[str, Any]


class Refused(Exception):
    """An answer that is no success: `code` to branch on, the text to show."""

    def __init__(self, told: Told) -> None:
        said = [told[name] for name in ("detail", "hint") if told.get(name)]
        super().__init__(". ".join(said) or "The bank did not say why.")
        self.code = str(told.get("code", ""))
        self.told = told


class Tokens:
    """The pair of tokens, in a file that nobody else may read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.pair: Told = json.loads(path.read_text()) if path.exists() else {}

    def keep(self, told: Told) -> None:
        """Take over whatever tokens an answer holds; a step-up brings new ones."""
        new: Told = {name: told[name] for name in ("access", "refresh") if name in told}
        if new:
            self.pair |= new
            self.path.touch(mode=0o600)
            self.path.write_text(json.dumps(self.pair))

    def forget(self) -> None:
        """Be nobody."""
        self.pair = {}
        self.path.unlink(missing_ok=True)


class Bank:
    """The API: sends JSON, keeps tokens, refreshes them, steps up when it must."""

    def __init__(self, http: httpx.Client, tokens: Tokens, ask: Ask) -> None:
        self.http, self.tokens, self.ask = http, tokens, ask

    def send(self, method: str, path: str, body: Told | None = None) -> Told:
        """Send a request once; raise `Refused` for every answer but a success."""
        access = self.tokens.pair.get("access")
        headers = {"Authorization": f"Bearer {access}"} if access else {}
        answer = self.http.request(method, path, json=body, headers=headers)
        try:
            told: Told = answer.json()
        except ValueError:
            raise Refused({"detail": f"No API answers at {answer.url}"}) from None
        if answer.is_error:
            raise Refused(told)
        self.tokens.keep(told)
        return told

    def call(self, method: str, path: str, body: Told | None = None) -> Told:
        """The same, and once more after a refresh or a step-up where one is due."""
        try:
            return self.send_fresh(method, path, body)
        except Refused as refused:
            if refused.code != "step_up_required":
                raise
            print(refused)
            self.step_up(refused.told["methods"])
            return self.send_fresh(method, path, body)

    def send_fresh(self, method: str, path: str, body: Told | None) -> Told:
        """Send; an access token that is over is renewed by the refresh token."""
        try:
            return self.send(method, path, body)
        except Refused as refused:
            if refused.code != "token_not_valid":
                raise
        self.send("POST", "refresh", {"refresh": self.tokens.pair["refresh"]})
        return self.send(method, path, body)

    def login(self, name: str, password: str) -> None:
        """Password first; then the second step, or the set-up of one."""
        self.tokens.forget()
        told = self.send("POST", "login", {"username": name, "password": password})
        if not told["mfa_required"]:
            return
        waits = {"mfa_token": told["mfa_token"]}
        if told["code"] == "mfa_enrolment_required":
            self.set_up(waits)
        else:
            response = self.response(told["methods"], waits)
            self.send("POST", "mfa/verify", waits | response)

    def set_up(self, waits: Told) -> None:
        """The account needs a second step and has none yet."""
        shown = self.send("POST", "mfa/totp/setup", waits)
        print(f"Add this to your authenticator app:\n{shown['uri']}")
        code = {"code": self.ask("Code"), "name": "Command line"}
        done = self.send("POST", "mfa/totp/verify", waits | code)
        print("Keep these recovery codes:", *done.get("backup_codes", ()), sep="\n")

    def step_up(self, methods: list[str] | None = None) -> None:
        """Show again that it is you; the answer holds new tokens."""
        if methods is None:
            methods = self.call("GET", "mfa/status")["methods"]
        self.send_fresh("POST", "mfa/step-up", self.response(methods, {}))

    def response(self, methods: list[str], waits: Told) -> Told:
        """What the person types: a code, or the password of who has no second step."""
        if not methods:
            return {"password": self.ask("Password")}
        if set(methods) == {"passkey"}:
            raise Refused({"detail": "Only a browser can ask for your passkey."})
        by = next((each for each in methods if each in SENT), None)
        if by is None or "totp" in methods:
            return {"code": self.ask("Code")}
        told = self.send_fresh("POST", "mfa/challenge", waits | {"method": by})
        print(f"A code is on its way to {told['sent_to']}.")
        return {"code": self.ask("Code"), "method": by}


def devices(bank: Bank, _wanted: argparse.Namespace) -> None:
    for each in bank.call("GET", "mfa/devices")["devices"]:
        print(f"{each['method']:14}{each['name']}")


def app_passwords(bank: Bank, wanted: argparse.Namespace) -> None:
    if wanted.make:
        sent = {"name": wanted.make, "scopes": wanted.scope or ["read"], "days": 90}
        print(bank.call("POST", "mfa/app-passwords", sent)["password"])
    elif wanted.revoke:
        print(bank.call("DELETE", f"mfa/app-passwords/{wanted.revoke}")["detail"])
    else:
        for each in bank.call("GET", "mfa/app-passwords")["app_passwords"]:
            print(f"{each['id']}  {each['name']}  {','.join(each['scopes'])}")


def login(bank: Bank, wanted: argparse.Namespace) -> None:
    bank.login(wanted.name, bank.ask("Password"))
    print("You are signed in.")


def step_up(bank: Bank, _wanted: argparse.Namespace) -> None:
    bank.step_up()
    print("Thank you. It holds for a quarter of an hour.")


def logout(bank: Bank, _wanted: argparse.Namespace) -> None:
    bank.tokens.forget()


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Example Bank on the command line.")
    parser.add_argument("--url", default=URL, help="where the API is mounted")
    parser.add_argument("--tokens", type=Path, default=KEPT, help="where they are kept")
    commands = parser.add_subparsers(required=True)
    named: dict[str, Any] = {}
    for run in (login, devices, app_passwords, step_up, logout):
        name = run.__name__.replace("_", "-")
        named[name] = commands.add_parser(name)
        named[name].set_defaults(run=run)
    named["login"].add_argument("name")
    named["app-passwords"].add_argument("--make", metavar="NAME")
    named["app-passwords"].add_argument("--scope", action="append")
    named["app-passwords"].add_argument("--revoke", metavar="ID")
    return parser


def prompt(name: str) -> str:
    return (getpass if name == "Password" else input)(f"{name}: ")


def main(given: list[str] | None = None, ask: Ask = prompt) -> int:
    """Run one command; the exit code says whether it worked."""
    wanted = arguments().parse_args(given)
    try:
        with httpx.Client(base_url=wanted.url) as http:
            wanted.run(Bank(http, Tokens(wanted.tokens), ask), wanted)
    except Refused as refused:
        print(refused, file=sys.stderr)
        if refused.code in {"login_expired", "token_not_valid"}:
            print("Sign in first, with: login NAME", file=sys.stderr)
        return 1
    except httpx.TransportError:
        print("The bank cannot be reached just now.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
