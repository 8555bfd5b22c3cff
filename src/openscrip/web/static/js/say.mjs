// The one polite live region of a page: at most one sentence in five seconds, the newest one.
const GAP_MS = 5000;
let next = "";
let last = -GAP_MS;
let timer = 0;

export function say(sentence) {
  next = sentence;
  if (timer) return;
  timer = setTimeout(() => {
    timer = 0;
    last = performance.now();
    const region = document.getElementById("said");
    if (region) region.textContent = next;
  }, Math.max(0, last + GAP_MS - performance.now()));
}
