// Who is signed in, their second steps and their app passwords.

import { api, signOut } from "./api.js";
import * as appPasswords from "./app-passwords.js";
import { on, rows, say, show as screen } from "./page.js";
import * as setUp from "./set-up.js";

/** Load it and show it. */
export async function show() {
  const status = await api("GET", "mfa/status");
  const { devices } = await api("GET", "mfa/devices");
  const passwords = await api("GET", "mfa/app-passwords");

  const parts = screen("account");
  parts.standing.textContent = status.verified
    ? "You have shown a second step."
    : "A password is all that guards this account.";
  parts.badge.textContent = status.verified ? "Verified" : "Password only";
  parts.badge.classList.add(status.verified ? "good" : "weak");
  rows(parts.devices, devices, {
    text: (device) => [device.name, ...device.badges].join(" · "),
    verb: "Remove",
    press: remove,
  });
  setUp.offer(parts.app, parts.passkey, show);
  appPasswords.fill(parts, passwords, show);
  on(parts.signOut, signOut);
}

async function remove(device) {
  const { detail } = await api("DELETE", `mfa/devices/${device.id}`);
  await show();
  say(detail);
}
