// Copy and print buttons for the recovery codes. The page does without them.
const codes = document.querySelector("[data-mfa-codes]");
const status = document.querySelector("[data-mfa-status]");
const copy = document.querySelector("[data-mfa-copy]");
const print = document.querySelector("[data-mfa-print]");

if (codes && status && copy && navigator.clipboard) {
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    const lines = Array.from(codes.querySelectorAll("code"), (code) => code.textContent);
    try {
      await navigator.clipboard.writeText(`${lines.join("\n")}\n`);
      status.textContent = copy.dataset.mfaCopy;
    } catch {
      status.textContent = copy.dataset.mfaFailed;
    }
  });
}

if (print) {
  print.hidden = false;
  print.addEventListener("click", () => window.print());
}
