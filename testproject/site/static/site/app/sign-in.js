// From nobody to somebody: the password or a passkey, then the second step, or the
// set-up of one where the site wants it.

import { goOn, send } from "./api.js";
import * as account from "./account.js";
import * as codes from "./codes.js";
import * as passkey from "./passkey.js";
import { on, show } from "./page.js";
import * as setUp from "./set-up.js";

/** Nobody is known: name and password, or a passkey alone. */
export function password() {
  const { form, passkey: button } = show("sign-in");
  on(form, async (fields) => enter(await send("POST", "login", Object.fromEntries(fields))));
  offer(button);
}

/** The password was right; the second step is owed. */
export function secondStep({ methods = [] }) {
  const parts = show("second-step");
  const { form, passkey: button, cancel } = parts;
  form.hidden = methods.every((method) => method === "passkey");
  const way = codes.offer(parts, methods);
  on(form, async (fields) => {
    enter(await send("POST", "mfa/verify", { code: fields.get("code"), ...way() }));
  });
  offer(button, methods.includes("passkey"));
  on(cancel, async () => {
    await send("POST", "login/cancel", {});
    password();
  });
}

/** The password was right, and the site wants a second step to be set up. */
export function mustSetUp() {
  const { app, passkey: button } = show("must-set-up");
  setUp.offer(app, button, account.show);
}

function offer(button, isOffered = true) {
  button.hidden = !(isOffered && passkey.isSupported);
  on(button, async () => enter(await passkey.show()));
}

/** An answer with success lets in, or says what more is owed. */
function enter(answer) {
  return goOn(answer) || account.show();
}
