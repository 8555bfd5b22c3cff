// Buttons with `data-copy` put that text on the clipboard and say so.
import { say } from "./say.mjs";

export function watchCopies() {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-copy]");
    if (!button) return;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      say("The browser did not allow copying.");
      return;
    }
    say("Copied.");
    button.classList.add("is-done");
    setTimeout(() => button.classList.remove("is-done"), 1200);
  });
}
