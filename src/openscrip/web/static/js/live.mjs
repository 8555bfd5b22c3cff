// What the server tells as it happens, for this tab. One connection for all tabs: a shared worker where there is one,
// else the tab that holds a lock passes it on, else a stream of this tab's own that ends while nobody looks.
import { LiveStream } from "./live-stream.mjs";

const hearers = [];
const topics = new Set();
const tab = `openscrip-live-${Math.random().toString(36).slice(2)}`;
let transport = null;
let state = "waiting";
// What this page knew when the server wrote it. What happened since then, while it loaded, is asked for with the first topics.
const since = document.body.dataset.reached;

const deliver = (message) => {
  if (message.type === "state") {
    if (message.state === state) return;
    state = message.state;
  }
  for (const hearer of hearers) {
    if (message.type !== "fact" || hearer.topics.includes(message.fact.topic)) hearer.hear(message);
  }
};

/** `hear` gets facts of these topics ({type: "fact", fact}), "reset" (ask anew) and "state" (live or old). */
export function follow(names, hear) {
  hearers.push({ topics: names, hear });
  names.forEach((name) => topics.add(name));
  transport ??= start();
  transport.follow([...topics]);
  if (state !== "waiting") hear({ type: "state", state });
}

function start() {
  if ("SharedWorker" in window) return byWorker();
  if ("BroadcastChannel" in window && navigator.locks) return byLeader();
  return alone();
}

function byWorker() {
  const worker = new SharedWorker(new URL("./live-worker.mjs", import.meta.url), { type: "module", name: "openscrip-live" });
  worker.port.onmessage = ({ data }) => deliver(data);
  worker.port.start();
  // The worker waits for this tab's lock to know that the tab is gone. It is told of it only once the tab holds it: who asks
  // for a lock first is not who posted first, and a worker that came before would forget the tab at once.
  navigator.locks?.request(tab, () => {
    worker.port.postMessage({ topics: [...topics], lock: tab });
    return new Promise(() => {});
  });
  addEventListener("pagehide", () => worker.port.postMessage({ bye: true }));
  // A page that comes back from the browser's memory asks for everything anew.
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    worker.port.postMessage({ topics: [...topics] });
    deliver({ type: "reset" });
  });
  return {
    follow(names) {
      worker.port.postMessage({ topics: names, since });
    },
  };
}

function byLeader() {
  const channel = new BroadcastChannel("openscrip-live");
  const others = new Map();
  let stream = null;
  const refollow = (from) => stream?.follow([...topics, ...[...others.values()].flat()], from);
  channel.onmessage = ({ data }) => {
    if (data.to === "leader" && stream) {
      if (data.bye) others.delete(data.tab);
      else others.set(data.tab, data.topics);
      refollow(data.since);
    } else if (data.to === "tabs") {
      deliver(data.message);
    } else if (data.to === "call") {
      announce();
    }
  };
  const announce = () => channel.postMessage({ to: "leader", tab, topics: [...topics], since });
  navigator.locks.request("openscrip-live-leader", () => {
    stream = new LiveStream((message) => {
      deliver(message);
      channel.postMessage({ to: "tabs", message });
    });
    refollow(since);
    channel.postMessage({ to: "call" });
    return new Promise(() => {});
  });
  addEventListener("pagehide", () => channel.postMessage({ to: "leader", tab, bye: true }));
  return {
    follow() {
      if (stream) refollow(since);
      else announce();
    },
  };
}

function alone() {
  const stream = new LiveStream(deliver);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) stream.close();
    else stream.follow([...topics], stream.last || since);
  });
  return { follow: (names) => document.hidden || stream.follow(names, since) };
}
