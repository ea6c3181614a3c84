// Passwords for programs that cannot show a second step.

import { api } from "./api.js";
import { copy, on, rows, say, show } from "./page.js";

/** Fill the parts of the account that speak of them; `done` shows it anew. */
export function fill(parts, { app_passwords: own, scopes }, done) {
  rows(parts.passwords, own, {
    text: ({ name, prefix, scopes: allowed }) => `${name} · ${prefix}… · ${allowed.join(", ")}`,
    verb: "Revoke",
    press: (one) => revoke(one, done),
  });
  for (const [scope, words] of Object.entries(scopes)) {
    const [choice, { box, text }] = copy("scope");
    box.value = scope;
    text.textContent = words;
    parts.scopes.append(choice);
  }
  on(parts.make, async (fields) => {
    const made = await api("POST", "mfa/app-passwords", {
      name: fields.get("name"),
      scopes: fields.getAll("scopes"),
      days: Number(fields.get("days")),
    });
    showOnce(made, done);
  });
}

/** The server keeps a digest: nobody can show it a second time. */
function showOnce(made, done) {
  const { password, stored } = show("app-password");
  password.textContent = made.password;
  on(stored, done);
}

async function revoke(one, done) {
  const { detail } = await api("DELETE", `mfa/app-passwords/${one.id}`);
  await done();
  say(detail);
}
