// Codes that are sent: a button for each way, and which of them was used last.

import { send } from "./api.js";
import { on, say } from "./page.js";

const WAYS = ["sms", "email"];

/**
 * Let the buttons of those `methods` that send codes send one; returned is what an
 * answer has to name beside the code, once one was sent.
 */
export function offer(parts, methods) {
  let used = {};
  for (const method of WAYS) {
    const button = parts[method];
    button.hidden = !methods.includes(method);
    on(button, async () => {
      const { sent_to } = await send("POST", "mfa/challenge", { method });
      used = { method };
      say(`A code is on its way to ${sent_to}.`, button.closest("dialog") ?? document);
    });
  }
  return () => used;
}
