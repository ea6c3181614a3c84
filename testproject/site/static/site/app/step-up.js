// "Please confirm that it is you": a fresh proof, and then on with what was begun.

import { send } from "./api.js";
import * as codes from "./codes.js";
import * as passkey from "./passkey.js";
import { copy, on } from "./page.js";

/** Ask for one of `methods`, or for the password of who has none; promise whether it was given. */
export function ask({ methods = [] }) {
  const [screen, parts] = copy("step-up");
  const { dialog, form, passkey: button, cancel } = parts;
  const kind = methods.length === 0 ? "password" : "code";
  const field = parts[kind];
  const typed = methods.length === 0 || methods.some((method) => method !== "passkey");

  form.hidden = !typed;
  field.hidden = false;
  const way = codes.offer(parts, methods);
  on(form, async (fields) => {
    await send("POST", "mfa/step-up", { [kind]: fields.get(kind), ...way() });
    dialog.close("confirmed");
  });

  button.hidden = !(methods.includes("passkey") && passkey.isSupported);
  on(button, async () => {
    await passkey.show();
    dialog.close("confirmed");
  });

  on(cancel, () => dialog.close());
  document.body.append(screen);
  dialog.showModal();
  return new Promise((resolve) => {
    // Escape closes it as well.
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "confirmed");
    });
  });
}
