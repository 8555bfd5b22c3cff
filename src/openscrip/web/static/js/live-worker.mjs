// The worker that all tabs share: one stream for all of them. A tab that is gone lets go of its lock.
import { LiveStream } from "./live-stream.mjs";

const tabs = new Map();
const stream = new LiveStream((message) => {
  for (const [port, topics] of tabs) {
    if (message.type !== "fact" || topics.includes(message.fact.topic)) port.postMessage(message);
  }
});
const refollow = (since) => stream.follow([...tabs.values()].flat(), since);

self.onconnect = ({ ports: [port] }) => {
  port.onmessage = ({ data }) => {
    if (data.bye) {
      tabs.delete(port);
    } else {
      tabs.set(port, data.topics);
      port.postMessage({ type: "state", state: stream.state, since: stream.heardAt });
      if (data.lock) self.navigator.locks?.request(data.lock, () => (tabs.delete(port), refollow()));
    }
    refollow(data.since);
  };
  port.start();
};
