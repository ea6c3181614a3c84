// What is on the page: screens are the templates of app.html, their `data-part`s are
// filled here. Texts are set as text, never as HTML.

const main = document.querySelector("main");

/** Show a screen; return its parts by name. */
export function show(id) {
  const [screen, parts] = copy(id);
  main.replaceChildren(...screen.childNodes);
  const heading = main.querySelector("h1");
  document.title = `${heading.textContent} · Example Bank`;
  say("");
  // A screen reader goes on reading where the new screen begins.
  (main.querySelector("[data-first]") ?? heading).focus();
  return parts;
}

/** A copy of a template, and its parts by name. */
export function copy(id) {
  const screen = document.getElementById(id).content.cloneNode(true);
  const found = [...screen.querySelectorAll("[data-part]")];
  return [screen, Object.fromEntries(found.map((each) => [each.dataset.part, each]))];
}

/** Say what happened, in the place that screen readers read out: the page's, or a dialog's. */
export function say(text, near = document) {
  near.querySelector("[role=status]").textContent = text;
  near.querySelector("[role=alert]").textContent = "";
}

/** Do `work` when the form is sent or the button pressed; say what goes wrong. */
export function on(element, work) {
  const kind = element.matches("form") ? "submit" : "click";
  element.addEventListener(kind, async (event) => {
    event.preventDefault();
    if (element.ariaBusy === "true") {
      return;
    }
    element.ariaBusy = "true";
    say("");
    try {
      await work(kind === "submit" ? new FormData(element) : undefined);
    } catch (error) {
      complain(error, element);
    } finally {
      element.ariaBusy = "false";
    }
  });
}

function complain(error, element) {
  // Behind an open dialog nothing is read out, so it has a place of its own.
  const near = element.closest("dialog") ?? document;
  near.querySelector("[role=alert]").textContent = error.message;
  element.querySelector("input:not([hidden])")?.select();
}

/** Fill a list with rows of a text and a button, which is named after the item as well. */
export function rows(list, items, { text, verb, press }) {
  list.replaceChildren(
    ...items.map((item) => {
      const [row, parts] = copy("row");
      parts.text.textContent = text(item);
      parts.button.textContent = verb;
      parts.button.ariaLabel = `${verb} ${item.name}`;
      on(parts.button, () => press(item));
      return row;
    }),
  );
}
