// A new second step: an authenticator app by its QR code, or a passkey.

import { api } from "./api.js";
import * as passkey from "./passkey.js";
import { on, say, show } from "./page.js";

/** Let two buttons begin the set-up; `done` shows what comes after it. */
export function offer(app, button, done) {
  on(app, () => authenticatorApp(done));
  button.hidden = !passkey.isSupported;
  on(button, async () => finish(await passkey.register("Passkey"), done));
}

async function authenticatorApp(done) {
  const told = await api("POST", "mfa/totp/setup", {});
  const { qr, secret, form, cancel } = show("authenticator-app");
  qr.src = told.qr_code;
  secret.textContent = told.secret_in_groups;
  on(form, async (fields) => {
    const sent = Object.fromEntries(fields);
    await finish(await api("POST", "mfa/totp/verify", sent), done);
  });
  on(cancel, done);
}

async function finish(told, done) {
  if (told.backup_codes) {
    return recoveryCodes(told.backup_codes, done);
  }
  await done();
  say(told.detail);
}

/** They come with the first second step, and are shown this once. */
function recoveryCodes(codes, done) {
  const { list, saved } = show("recovery-codes");
  for (const code of codes) {
    const item = document.createElement("li");
    item.append(Object.assign(document.createElement("code"), { textContent: code }));
    list.append(item);
  }
  on(saved, async () => {
    await api("POST", "mfa/backup-codes/saved", {});
    await done();
  });
}
