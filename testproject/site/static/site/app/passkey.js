// Passkeys: the browser reads the options of the API and answers in JSON by itself
// (WebAuthn Level 3), so that nothing has to be encoded here.

import { api, send } from "./api.js";

export const isSupported = Boolean(window.PublicKeyCredential?.parseRequestOptionsFromJSON);

/** Make a passkey and register it; a step-up may be asked for. */
export async function register(name) {
  const options = await api("POST", "passkey/register/begin", {});
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  const made = await asked(navigator.credentials.create({ publicKey }));
  return api("POST", "passkey/register/complete", { ...made.toJSON(), name });
}

/** Show a passkey: to sign in, as the second step, or as a fresh proof. */
export async function show() {
  const options = await send("POST", "passkey/authenticate/begin", {});
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  const shown = await asked(navigator.credentials.get({ publicKey }));
  return send("POST", "passkey/authenticate/complete", shown.toJSON());
}

const WORDS = {
  NotAllowedError: "It was cancelled or took too long. Please try again.",
  InvalidStateError: "This device has a passkey for your account already.",
  SecurityError: "Passkeys do not work at this address.",
};

async function asked(ceremony) {
  try {
    return await ceremony;
  } catch (error) {
    throw new Error(WORDS[error.name] ?? "This device could not do it.", { cause: error });
  }
}
