// A front end for the API of django_mfa in plain modules: no framework, no build.
// Begin reading here; docs/api-clients.md walks through it.

import * as account from "./account.js";
import { onStepUp } from "./api.js";
import * as signIn from "./sign-in.js";
import * as stepUp from "./step-up.js";

/** What is owed, by the `code` of the API, and the screen where it is given. */
const SCREENS = {
  login_expired: signIn.password,
  mfa_required: signIn.secondStep,
  mfa_enrolment_required: signIn.mustSetUp,
};

document.addEventListener("owed", ({ detail }) => SCREENS[detail.code](detail));
onStepUp(stepUp.ask);

try {
  await account.show();
} catch (error) {
  // Nobody is signed in yet: the right screen is shown already.
  if (!(error.code in SCREENS)) {
    throw error;
  }
}
