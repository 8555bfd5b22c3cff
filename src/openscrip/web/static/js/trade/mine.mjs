// A person's own orders and balances: a token from our server opens the venue's private socket; each change has the
// server write the block anew. The token goes nowhere but into that socket.
import { refresh } from "../bind.mjs";
import { say } from "../say.mjs";

const WAIT_MS = 5000;

export class Mine {
  constructor(root, guard, onOrders) {
    Object.assign(this, { root, guard, onOrders });
    this.orders = new Map();
    this.open();
  }

  async open() {
    try {
      const answer = await fetch("/trade/token", { method: "POST", headers: { "X-CSRF-Token": this.root.dataset.csrf } });
      if (!answer.ok) throw new TypeError(String(answer.status));
      const { token, url } = await answer.json();
      this.connect(token, url);
    } catch (fault) {
      if (!(fault instanceof TypeError)) throw fault;
      setTimeout(() => this.open(), WAIT_MS);
    }
  }

  connect(token, url) {
    const socket = new WebSocket(url);
    socket.onopen = () => {
      const ask = (params) => socket.send(JSON.stringify({ method: "subscribe", params: { ...params, token } }));
      ask({ channel: "executions", snap_orders: true, snap_trades: false });
      ask({ channel: "balances", snapshot: false });
      this.guard.opened((method, params) => socket.send(JSON.stringify({ method, params: { ...params, token } })));
    };
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      this.guard.beat();
      if (message.method === "cancel_all_orders_after") this.guard.heard(message);
      if (message.channel === "executions") this.take(message);
      // What happened while the page was made and this line was opened is in the block only if it is fetched once more.
      const isFollowed = message.method === "subscribe" && message.success && message.result.channel === "balances";
      if (isFollowed || (message.channel === "balances" && message.type === "update")) this.again();
    };
    socket.onclose = () => {
      this.guard.closed();
      setTimeout(() => this.open(), WAIT_MS);
    };
  }

  take(message) {
    for (const told of message.data) {
      if (["filled", "canceled", "expired"].includes(told.order_status)) this.orders.delete(told.order_id);
      else this.orders.set(told.order_id, { ...this.orders.get(told.order_id), ...told });
      if (message.type === "update" && told.exec_type === "filled") say(`Order filled: ${told.side ?? ""} ${told.symbol ?? ""}.`);
    }
    this.onOrders([...this.orders.values()]);
    if (message.type === "update") this.again();
  }

  again() {
    const block = document.getElementById("account");
    if (block) refresh(block);
  }
}
