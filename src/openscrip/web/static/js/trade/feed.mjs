// The venue's public socket: subscribed anew after every break, with a wait that grows.
const WAIT_MS = [500, 1000, 2000, 5000, 10000];
const SILENT_MS = 6000;

export class Feed {
  /** `hear(message)` gets every message of a channel; `state("live" | "lost")` how the line is. */
  constructor(url, hear, state) {
    Object.assign(this, { url, hear, state, wanted: [], tries: 0, socket: null, heardAt: 0 });
    setInterval(() => {
      if (this.socket?.readyState === WebSocket.OPEN && performance.now() - this.heardAt > SILENT_MS) this.socket.close();
    }, 2000);
  }

  subscribe(...channels) {
    this.wanted.push(...channels);
    if (!this.socket) this.open();
    else if (this.socket.readyState === WebSocket.OPEN) channels.forEach((each) => this.send("subscribe", each));
  }

  /** Asks for a channel anew: the venue answers with a snapshot. */
  again(channel) {
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    const { snapshot, ...plain } = channel;
    this.send("unsubscribe", plain);
    this.send("subscribe", channel);
  }

  send(method, params) {
    this.socket.send(JSON.stringify({ method, params }));
  }

  open() {
    const socket = new WebSocket(this.url);
    this.socket = socket;
    socket.onopen = () => {
      this.heardAt = performance.now();
      this.tries = 0;
      this.wanted.forEach((each) => this.send("subscribe", each));
      this.state("live");
    };
    socket.onmessage = ({ data }) => {
      this.heardAt = performance.now();
      const message = JSON.parse(data);
      if (message.channel && message.channel !== "heartbeat") this.hear(message);
    };
    socket.onclose = () => {
      this.state("lost");
      const wait = WAIT_MS[Math.min(this.tries, WAIT_MS.length - 1)];
      this.tries += 1;
      setTimeout(() => this.open(), wait);
    };
  }
}
