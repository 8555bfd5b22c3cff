// Cancel on disconnect: armed by this page's own line to the venue, renewed while it lives, and said in a live region.

const TIMEOUT_S = 60;
const AGAIN_MS = 20000;
const ANSWER_MS = 1500;
const KEPT = "openscrip-trade-guard";
const WORDS = {
  off: "Not armed. Orders stand on when this page is gone.",
  arming: "Arming: not yet confirmed by the venue.",
  armed: "Armed. The venue cancels all your orders when this page is gone.",
  lost: "The line is lost: the venue cancels all your orders. It is armed anew when the line is back.",
  refused: "Not armed: the venue refused it.",
};

export class Guard {
  constructor(root) {
    Object.assign(this, { box: document.getElementById("guard"), toggle: document.getElementById("guard-switch"), line: null, state: "off", isAsked: false, isLeaving: false, answered: null, askedAt: 0 });
    this.box.hidden = false;
    this.toggle.checked = sessionStorage.getItem(KEPT) === "on";
    this.toggle.addEventListener("change", () => {
      sessionStorage.setItem(KEPT, this.toggle.checked ? "on" : "off");
      this.ask();
    });
    // Whoever goes on to another page of the venue has not lost their line: it is let go of first, and armed there anew.
    root.addEventListener("click", (event) => this.leave(event, event.target.closest?.("a[href^='/trade']:not([hx-get], [download])"), (link) => location.assign(link.href)), true);
    root.addEventListener("submit", (event) => this.leave(event, event.target.closest("form:not([hx-post], [method=dialog])"), (form) => form.submit()), true);
  }

  /** The line is there: `send(method, params)` asks the venue with the person's token. */
  opened(send) {
    this.line = send;
    if (this.toggle.checked) this.ask();
    else this.tell("off");
  }

  closed() {
    if (this.line && this.state === "armed") this.tell("lost");
    else if (this.line && this.state !== "off") this.tell("arming");
    this.line = null;
  }

  /** The venue has said something, as it does each second: in a page out of sight timers rest, and this does not. */
  beat() {
    if (this.toggle.checked && !this.isLeaving && performance.now() - this.askedAt > AGAIN_MS) this.ask();
  }

  /** The venue's answer. */
  heard({ success }) {
    this.tell(!success ? "refused" : this.isAsked ? "armed" : "off");
    this.answered?.();
  }

  ask(isOn = this.toggle.checked) {
    if (!this.line) {
      this.tell(isOn ? "arming" : "off");
      return;
    }
    this.isAsked = isOn;
    this.askedAt = performance.now();
    if (isOn && this.state !== "armed") this.tell("arming");
    this.line("cancel_all_orders_after", { timeout: isOn ? TIMEOUT_S : 0, cancel_on_disconnect: isOn });
  }

  tell(state) {
    if (state === this.state) return;
    this.state = state;
    this.box.dataset.guard = state;
    document.getElementById("guard-said").textContent = WORDS[state];
  }

  leave(event, what, go) {
    if (!what || this.state !== "armed" || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    this.isLeaving = true;
    const gone = new Promise((done) => Object.assign(this, { answered: done }));
    this.ask(false);
    Promise.race([gone, new Promise((done) => setTimeout(done, ANSWER_MS))]).then(() => go(what));
  }
}
