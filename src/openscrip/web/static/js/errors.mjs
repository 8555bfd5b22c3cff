// One slot of the page for what went wrong on the way: htmx shows neither a 5xx nor a lost connection by itself.
export function show(sentence, reference = "") {
  const slot = document.getElementById("page-slot");
  if (!slot) return;
  const box = document.createElement("div");
  box.className = "banner is-refused";
  const text = document.createElement("p");
  text.textContent = reference ? `${sentence} Reference ${reference}.` : sentence;
  box.append(text);
  slot.replaceChildren(box);
}

export function clear() {
  document.getElementById("page-slot")?.replaceChildren();
}

export function watchErrors() {
  document.addEventListener("htmx:error", () => {
    show("We do not know yet whether that arrived: the connection was lost. Reload the page to see what holds; nothing is sent twice.");
  });
  document.addEventListener("htmx:response:error", (event) => {
    const response = event.detail?.ctx?.response;
    const status = response?.status ?? 0;
    const reference = response?.headers?.get?.("X-Request-Id") ?? "";
    if (status === 429) {
      const wait = response.headers?.get?.("Retry-After");
      show(wait ? `That was too often. It works again in ${wait} seconds.` : "That was too often. It works again in a minute.");
    } else if (status >= 500) {
      show("Something broke on our side. Reload the page to see what holds; nothing is sent twice.", reference);
    }
  });
  document.addEventListener("htmx:after:request", (event) => {
    const status = event.detail?.ctx?.response?.status ?? 0;
    if (status >= 200 && status < 400) clear();
  });
}
