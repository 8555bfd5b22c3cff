// What every page runs: it says that scripts run, and starts the small modules that wait for their elements.
import { watchCopies } from "./copy.mjs";
import { watchErrors } from "./errors.mjs";
import { watchBindings } from "./bind.mjs";
import { watchTheme } from "./theme.mjs";

document.documentElement.classList.add("has-script");
watchCopies();
watchErrors();
watchTheme();
watchBindings();

// After a swap of the whole content the heading takes the focus, so that a reader starts there and not at the top.
document.addEventListener("htmx:after:swap", () => {
  const fault = document.querySelector("#main [data-focus]");
  if (fault) {
    fault.focus();
    // Once: the next block that is written anew takes nobody away from where they are.
    delete fault.dataset.focus;
  }
  if (!fault && document.activeElement === document.body) document.querySelector("#main h1")?.focus({ preventScroll: true });
  const title = document.querySelector("#main [data-title]")?.dataset.title;
  if (title) document.title = `${title} · Openscrip`;
});

// What a page fetches by itself, because of an event, does not count as its reader being there.
document.addEventListener("htmx:config:request", (event) => {
  const { ctx } = event.detail;
  if (ctx.sourceEvent?.type === "refresh") ctx.request.headers["X-Background"] = "1";
});
