// Elements that follow the stream. `data-bind="topic:key"` shows the field `data-field` of the newest event;
// `data-live="topic topic"` asks htmx to fetch the block anew. A version lower than the one shown is dropped.
import { follow } from "./live.mjs";

const BLOCK_GAP_MS = 1000;
const shown = new WeakMap();
const waiting = new WeakMap();

const topicOf = (element) => {
  const text = element.dataset.bind;
  return text.startsWith("order:") ? text : text.slice(0, text.indexOf(":"));
};
const keyOf = (element) => element.dataset.bind.slice(topicOf(element).length + 1);

/** As the server writes it: digits in threes, a true minus, what stands before and behind. */
function written(text, element) {
  const plain = /^(-?)(\d+)((?:\.\d+)?)$/.exec(String(text));
  const words = plain ? `${plain[1] && "\u2212"}${plain[2].replace(/\B(?=(\d{3})+$)/g, ",")}${plain[3]}` : String(text);
  return `${element.dataset.before ?? ""}${words}${element.dataset.unit ?? ""}`;
}

function set(element, fact) {
  const text = fact[element.dataset.field];
  if (text === undefined || fact.version < (shown.get(element) ?? 0)) return;
  shown.set(element, fact.version ?? 0);
  const words = written(text, element);
  if (element.textContent === words) return;
  element.textContent = words;
  element.classList.remove("is-changed");
  requestAnimationFrame(() => element.classList.add("is-changed"));
  element.dispatchEvent(new CustomEvent("openscrip:shown", { bubbles: true, detail: fact }));
}

/** Fetches a block anew, at most once a second, and not while a person is in it. */
export function refresh(block) {
  if (waiting.has(block)) return;
  const last = Number(block.dataset.refreshedAt ?? 0);
  const wait = Math.max(0, last + BLOCK_GAP_MS - performance.now());
  waiting.set(block, setTimeout(() => {
    waiting.delete(block);
    if (!block.isConnected) return;
    const active = document.activeElement;
    if (active && active !== document.body && active !== block && block.contains(active) && active.matches("input, select, textarea")) {
      refreshLater(block);
      return;
    }
    block.dataset.refreshedAt = String(performance.now());
    if (block.matches("figure[data-chart]")) block.dispatchEvent(new Event("refresh"));
    else window.htmx?.trigger(block, "refresh");
  }, wait));
}

const refreshLater = (block) => block.addEventListener("focusout", () => refresh(block), { once: true });

const BLOCKS = "[data-live], figure[data-chart][data-topic]";
const topicsOf = (block) => (block.dataset.live ?? block.dataset.topic).split(/\s+/).filter(Boolean);

function hear(message) {
  if (message.type === "state") {
    const old = message.state === "old";
    document.documentElement.classList.toggle("is-stale", old);
    for (const element of document.querySelectorAll("[data-bind]")) element.classList.toggle("is-old", old);
    return;
  }
  for (const block of document.querySelectorAll(BLOCKS)) {
    const key = block.dataset.key;
    const fits = message.type === "reset" || (topicsOf(block).includes(message.fact.topic) && (!key || key === message.fact.key));
    if (fits) refresh(block);
  }
  if (message.type === "reset") return;
  for (const element of document.querySelectorAll("[data-bind]")) {
    if (topicOf(element) === message.fact.topic && (keyOf(element) === message.fact.key || element.dataset.bind === message.fact.topic)) set(element, message.fact);
  }
}

let followed = "";

/** Follows what the elements of the page name; again after a swap brought others. */
export function watchBindings() {
  const look = () => {
    const names = new Set();
    for (const element of document.querySelectorAll("[data-bind]")) names.add(topicOf(element));
    for (const block of document.querySelectorAll(BLOCKS)) topicsOf(block).forEach((name) => names.add(name));
    const wanted = [...names].filter((name) => !followed.split(" ").includes(name));
    if (!wanted.length) return;
    followed = `${followed} ${wanted.join(" ")}`.trim();
    follow(wanted, hear);
  };
  look();
  document.addEventListener("htmx:after:swap", look);
}
