/* Passkeys on the pages of django_mfa. Each element with `data-mfa-passkey` is one
 * use of them; what is said to the person stands in the page, translated. */

const JSON_TYPE = "application/json";

/* Binary and base64url, for browsers without the JSON methods of WebAuthn. */

const toBytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) =>
    sign.charCodeAt(0),
  );

const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");

const withBytes = (list) =>
  (list ?? []).map((each) => ({ ...each, id: toBytes(each.id) }));

function creationOptions(json) {
  if (PublicKeyCredential.parseCreationOptionsFromJSON) {
    return PublicKeyCredential.parseCreationOptionsFromJSON(json);
  }
  return {
    ...json,
    challenge: toBytes(json.challenge),
    user: { ...json.user, id: toBytes(json.user.id) },
    excludeCredentials: withBytes(json.excludeCredentials),
  };
}

function requestOptions(json) {
  if (PublicKeyCredential.parseRequestOptionsFromJSON) {
    return PublicKeyCredential.parseRequestOptionsFromJSON(json);
  }
  return {
    ...json,
    challenge: toBytes(json.challenge),
    allowCredentials: withBytes(json.allowCredentials),
  };
}

function asJSON(credential) {
  if (credential.toJSON) {
    return credential.toJSON();
  }
  const given = credential.response;
  const response = { clientDataJSON: toText(given.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (given[name]) {
      response[name] = toText(given[name]);
    }
  }
  if (given.getTransports) {
    response.transports = given.getTransports();
  }
  return {
    id: credential.id,
    rawId: toText(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    clientExtensionResults: credential.getClientExtensionResults(),
    response,
  };
}

/* The server */

class Refused extends Error {
  constructor(answer) {
    super(answer.code ?? "refused");
    this.name = "Refused";
    this.answer = answer;
  }
}

async function post(url, token, body, signal) {
  let response;
  try {
    response = await fetch(url, {
      method: "POST",
      credentials: "same-origin",
      headers: { "Content-Type": JSON_TYPE, Accept: JSON_TYPE, "X-CSRFToken": token },
      body: JSON.stringify(body),
      signal,
    });
  } catch {
    throw new Refused({ code: "offline" });
  }
  const isJSON = response.headers.get("Content-Type")?.includes("json");
  const answer = isJSON ? await response.json() : {};
  if (!response.ok) {
    throw new Refused(answer);
  }
  return answer;
}

/* What the browser tells the keeper of passkeys; it may not know how to. */

async function signal(name, details) {
  try {
    await PublicKeyCredential[name]?.(details);
  } catch {
    // It is a courtesy: nothing depends on it.
  }
}

/* One use of passkeys on a page */

let waiting = null; // what waits in the autofill of a field

function stopWaiting() {
  waiting?.abort();
  waiting = null;
}

// Who sends the form signs in another way; what was asked for autofill is over.
let isLeaving = false;
document.addEventListener("submit", () => {
  isLeaving = true;
  stopWaiting();
});

class Use {
  constructor(element) {
    this.element = element;
    this.form = element.closest("form");
    this.button = element.querySelector("[data-mfa-go]");
    this.state = element.querySelector("[data-mfa-state]");
    this.trouble = element.querySelector("[data-mfa-trouble]");
    this.isBusy = false;
  }

  get token() {
    const near = this.form ?? this.element;
    const field =
      near.querySelector("[name=csrfmiddlewaretoken]") ??
      document.querySelector("[name=csrfmiddlewaretoken]");
    return field?.value ?? "";
  }

  get next() {
    return this.form?.elements.namedItem("next")?.value ?? this.element.dataset.next ?? "";
  }

  get trusts() {
    return this.form?.elements.namedItem("trust")?.checked ?? false;
  }

  word(name) {
    return this.element.querySelector(`[data-word="${name}"]`)?.textContent.trim() ?? "";
  }

  say(name) {
    this.trouble?.replaceChildren();
    this.state?.replaceChildren(this.word(name));
  }

  complain(text) {
    this.state?.replaceChildren();
    this.trouble?.replaceChildren(text);
    this.button?.focus();
  }

  /* Whether passkeys can be used here; if not, say why. */
  prepare() {
    if (!window.isSecureContext) {
      this.complain(this.word("insecure"));
    } else if (!window.PublicKeyCredential) {
      this.complain(this.word("unsupported"));
    } else {
      this.button?.removeAttribute("hidden");
      this.button?.addEventListener("click", () => this.press());
      return true;
    }
    return false;
  }

  async press() {
    if (this.isBusy) {
      return;
    }
    this.isBusy = true;
    this.button.setAttribute("aria-disabled", "true");
    stopWaiting();
    try {
      await this.run();
    } finally {
      this.isBusy = false;
      this.button.removeAttribute("aria-disabled");
    }
  }

  async run() {
    const started = performance.now();
    let options = {};
    try {
      this.say("working");
      options = await post(this.element.dataset.begin, this.token, {});
      this.say("asking");
      const credential = await this.ceremony(options);
      this.say("checking");
      await this.finish(asJSON(credential), options);
    } catch (error) {
      const over = performance.now() - started >= (options.timeout ?? Infinity) - 250;
      this.complain(this.explain(error, { over }));
    }
  }

  ceremony(options) {
    return navigator.credentials.get({ publicKey: requestOptions(options) });
  }

  async finish(credential, options) {
    try {
      const body = { credential, next: this.next, trust: this.trusts };
      const { next } = await post(this.element.dataset.complete, this.token, body);
      this.say("done");
      isLeaving = true;
      window.location.assign(next);
    } catch (error) {
      if (error instanceof Refused && error.answer.unknown_credential) {
        const found = { rpId: options.rpId, credentialId: credential.id };
        await signal("signalUnknownCredential", found);
        throw new Refused({ detail: this.word("unknown") });
      }
      throw error;
    }
  }

  explain(error, { over }) {
    if (error instanceof Refused) {
      const { detail, hint } = error.answer;
      if (detail) {
        return hint ? `${detail}. ${hint}` : detail;
      }
      return this.word(error.message === "offline" ? "offline" : "failed");
    }
    const words = {
      NotAllowedError: over ? "timeout" : "cancelled",
      TimeoutError: "timeout",
      AbortError: "cancelled",
      InvalidStateError: "registered",
      NotSupportedError: "unsuitable",
      ConstraintError: "unsuitable",
      SecurityError: "address",
    };
    return this.word(words[error.name] ?? "failed");
  }
}

class Create extends Use {
  ceremony(options) {
    return navigator.credentials.create({ publicKey: creationOptions(options) });
  }

  async finish(credential) {
    // A page follows, perhaps with recovery codes: the form takes the person there.
    const field = this.form.elements.namedItem("credential");
    field.value = JSON.stringify(credential);
    field.disabled = false;
    this.form.submit();
  }
}

// Refused passkeys after which the autofill offers no more; the button still does.
const PICKS = 3;

class Login extends Use {
  refusals = 0;

  prepare() {
    const ready = super.prepare();
    if (ready && this.element.hasAttribute("data-autofill")) {
      this.offer();
      window.addEventListener("pagehide", stopWaiting);
      window.addEventListener("pageshow", (event) => event.persisted && this.comeBack());
    }
    return ready;
  }

  comeBack() {
    isLeaving = false;
    this.offer();
  }

  async press() {
    await super.press();
    if (this.element.hasAttribute("data-autofill")) {
      this.offer();
    }
  }

  /* Offer passkeys in the autofill of the user name, for as long as the page is open. */
  async offer() {
    if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) {
      return;
    }
    if (this.isBusy || isLeaving) {
      return;
    }
    stopWaiting();
    const mine = new AbortController();
    waiting = mine;
    let options, credential;
    try {
      options = await post(this.element.dataset.begin, this.token, {}, mine.signal);
      credential = await this.pick(options, mine);
    } catch (error) {
      if (error === "renew") {
        this.offer();
      }
      return; // nobody was asked, so nobody is told
    }
    this.isBusy = true;
    try {
      this.say("checking");
      await this.finish(asJSON(credential), options);
    } catch (error) {
      this.complain(this.explain(error, { over: false }));
    } finally {
      this.isBusy = false;
    }
    if (this.refusals++ < PICKS) {
      this.offer(); // another one may be picked
    }
  }

  async pick(options, mine) {
    // A challenge does not live for ever: ask anew before it is over.
    const timer = setTimeout(() => mine.abort("renew"), options.timeout * 0.8);
    const { timeout, ...rest } = options;
    this.element.dataset.offering = "yes";
    try {
      return await navigator.credentials.get({
        publicKey: requestOptions(rest),
        mediation: "conditional",
        signal: mine.signal,
      });
    } finally {
      clearTimeout(timer);
      delete this.element.dataset.offering;
      if (waiting === mine) {
        waiting = null;
      }
    }
  }
}

/* Add a passkey without a question, where the browser can and the site asks for it. */
class Upgrade extends Use {
  prepare() {
    this.add();
    return false;
  }

  async add() {
    try {
      const can = await PublicKeyCredential.getClientCapabilities?.();
      if (!can?.conditionalCreate) {
        return;
      }
      const { begin, complete } = this.element.dataset;
      const options = await post(begin, this.token, { conditional: true });
      const credential = await navigator.credentials.create({
        publicKey: creationOptions(options),
        mediation: "conditional",
      });
      await post(complete, this.token, { credential: asJSON(credential) });
      this.say("added");
    } catch {
      // Nobody asked for it, so nobody is told that it did not work.
    }
  }
}

/* Tell the keeper of passkeys which ones still count, and how their owner is called. */
class Signals extends Use {
  prepare() {
    if (window.PublicKeyCredential?.signalAllAcceptedCredentials) {
      this.tell();
    }
    return false;
  }

  async tell() {
    const url = this.element.dataset.accepted;
    const response = await fetch(url, { headers: { Accept: JSON_TYPE } });
    if (!response.ok) {
      return;
    }
    const { rpId, userId, allAcceptedCredentialIds, name, displayName } =
      await response.json();
    await signal("signalAllAcceptedCredentials", {
      rpId,
      userId,
      allAcceptedCredentialIds,
    });
    await signal("signalCurrentUserDetails", { rpId, userId, name, displayName });
    this.element.dataset.told = "yes";
  }
}

const USES = { get: Use, create: Create, login: Login, upgrade: Upgrade, signals: Signals };

for (const element of document.querySelectorAll("[data-mfa-passkey]")) {
  new USES[element.dataset.mfaPasskey](element).prepare();
}
