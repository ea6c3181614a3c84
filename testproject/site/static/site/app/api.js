// The API from a browser: the session is the token, its cookie comes by itself, and
// everything that changes something shows the CSRF token as well.

const API = "/api/v1/auth/";

/** An answer that is no success: `code` to branch on, `message` to show. */
export class Refused extends Error {
  constructor(answer) {
    const said = [answer.detail, answer.hint].filter(Boolean).join(". ");
    super(said || "That did not work. Please try again.");
    this.code = answer.code ?? "unknown";
    this.answer = answer;
  }
}

/** Send a request; raise `Refused` for every answer but a success. */
export async function send(method, path, body) {
  const answer = await exchange(method, API + path, body);
  if (answer.ok) {
    return answer.told;
  }
  goOn(answer.told);
  throw new Refused(answer.told);
}

/**
 * The same; but where a fresh proof is owed (`step_up_required`), the person is asked
 * for one, and the request is repeated if they gave it, and only then.
 */
export async function api(method, path, body) {
  try {
    return await send(method, path, body);
  } catch (error) {
    if (error.code !== "step_up_required") {
      throw error;
    }
    if (!(await confirmed(error.answer))) {
      throw new Refused({ code: "cancelled", detail: "Nothing was changed." });
    }
    return send(method, path, body);
  }
}

let ask = async () => false;
let asking = null;

/** Name who asks for a fresh proof: they promise whether it was given. */
export function onStepUp(handler) {
  ask = handler;
}

function confirmed(answer) {
  // Requests that are refused at the same time share one question.
  asking ??= ask(answer).finally(() => (asking = null));
  return asking;
}

const OWED = new Set(["login_expired", "mfa_required", "mfa_enrolment_required"]);

/** Tell the page what the sign-in waits for, if it does; return whether. */
export function goOn(answer) {
  const isOwed = OWED.has(answer.code);
  if (isOwed) {
    document.dispatchEvent(new CustomEvent("owed", { detail: answer }));
  }
  return isOwed;
}

export async function signOut() {
  const { ok, told } = await exchange("POST", "/logout/");
  if (!ok) {
    throw new Refused(told);
  }
  // A new page: nothing of the old one stays in memory.
  location.reload();
}

async function exchange(method, url, body) {
  const headers = { Accept: "application/json", "X-CSRFToken": csrfToken() };
  if (body !== undefined) {
    headers["Content-Type"] = "application/json";
  }
  let response;
  try {
    response = await fetch(url, { method, headers, body: body && JSON.stringify(body) });
  } catch {
    throw new Refused({ code: "offline", detail: "The bank cannot be reached just now." });
  }
  const isJSON = response.headers.get("Content-Type")?.includes("json");
  return { ok: response.ok, told: isJSON ? await response.json() : {} };
}

function csrfToken() {
  // It changes with each sign-in, so it is read anew each time.
  return document.cookie.match(/(?:^|; )csrftoken=([^;]*)/)?.[1] ?? "";
}
