// One EventSource for everything that is asked for together. Goes on from the last number that it saw, after any break.
const SILENT_MS = 12000;

export class LiveStream {
  /** `tell` gets {type: "fact" | "reset" | "state", ...}. */
  constructor(tell) {
    this.tell = tell;
    this.topics = [];
    this.last = "";
    this.state = "waiting";
    this.source = null;
    this.heardAt = 0;
    this.timer = 0;
  }

  /** `since` is the newest fact that a page which asks knew when it was written: what came after it is told again. */
  follow(topics, since = "") {
    const wanted = [...new Set(topics)].sort();
    const missed = since !== "" && (this.last === "" || Number(since) < Number(this.last));
    if (missed) this.last = since;
    if (wanted.join() === this.topics.join() && this.source && !missed) return;
    this.topics = wanted;
    this.close();
    if (wanted.length) this.open();
  }

  open() {
    const query = new URLSearchParams({ topics: this.topics.join() });
    if (this.last) query.set("after", this.last);
    const source = new EventSource(`/events?${query}`);
    this.source = source;
    const heard = (event) => {
      this.heardAt = Date.now();
      if (event.lastEventId) this.last = event.lastEventId;
      this.say("live");
      return JSON.parse(event.data);
    };
    source.addEventListener("snapshot", heard);
    source.addEventListener("beat", heard);
    source.addEventListener("fact", (event) => this.tell({ type: "fact", fact: heard(event) }));
    source.addEventListener("reset", (event) => {
      heard(event);
      this.tell({ type: "reset" });
    });
    source.onerror = () => {
      // A closed source was refused for good, by a server that is starting perhaps: ask anew after a while.
      if (source.readyState === EventSource.CLOSED && this.source === source) {
        this.source = null;
        setTimeout(() => this.topics.length && !this.source && this.open(), 3000);
      }
    };
    this.heardAt = Date.now();
    clearInterval(this.timer);
    this.timer = setInterval(() => {
      if (Date.now() - this.heardAt > SILENT_MS) this.say("old");
    }, 1000);
  }

  say(state) {
    if (state === this.state) return;
    this.state = state;
    this.tell({ type: "state", state, since: this.heardAt });
  }

  close() {
    this.source?.close();
    this.source = null;
    clearInterval(this.timer);
  }
}
