// Keys of the trading screen. Single letters can be switched off; none of them ever sends anything.
import { say } from "../say.mjs";

const KEPT = "openscrip-trade-keys";
const focus = (id) => document.getElementById(id)?.focus();

export function watchKeys(book, estimate) {
  const dialog = document.getElementById("keys");
  const on = document.getElementById("keys-on");
  on.checked = localStorage.getItem(KEPT) !== "off";
  on.addEventListener("change", () => localStorage.setItem(KEPT, on.checked ? "on" : "off"));
  document.getElementById("keys-button").addEventListener("click", () => dialog.showModal());
  const side = (name) => {
    const radio = document.getElementById(`side-${name}`);
    if (!radio) return;
    radio.checked = true;
    radio.dispatchEvent(new Event("input", { bubbles: true }));
    radio.focus();
  };
  const kind = (index) => {
    const box = document.getElementById("f-kind");
    if (!box || index >= box.options.length) return;
    box.selectedIndex = index;
    for (const name of ["input", "change"]) box.dispatchEvent(new Event(name, { bubbles: true }));
    say(`${box.options[index].text} order.`);
    // On to the first figure that this kind needs.
    ["price", "trigger", "offset", "quantity"].map((name) => document.getElementById(`f-${name}`)).find((each) => each?.offsetParent)?.focus();
  };
  const standing = () => {
    document.getElementById("ticket-more")?.setAttribute("open", "");
    focus("f-time");
  };
  const acts = {
    b: () => side("buy"),
    s: () => side("sell"),
    k: () => focus("f-kind"),
    p: () => focus("f-price"),
    q: () => focus("f-quantity"),
    t: standing,
    o: () => document.querySelector("#orders button, #account-title")?.focus(),
    d: () => focus("guard-switch"),
    m: () => book.speak(),
    e: () => estimate.speak(),
    "?": () => dialog.showModal(),
  };
  for (let digit = 1; digit <= 9; digit += 1) acts[digit] = () => kind(digit - 1);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || dialog.open) return;
    if (event.key === "Escape") {
      document.getElementById("back-to-ticket")?.click();
      return;
    }
    const writing = event.target.matches?.("input:not([type=radio], [type=checkbox]), select, textarea");
    const act = acts[event.key.toLowerCase()];
    if (!act || writing || !on.checked) return;
    event.preventDefault();
    act();
  });
}
