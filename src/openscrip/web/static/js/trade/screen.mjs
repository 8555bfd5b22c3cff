// The trading screen put together: one public feed for book, tape, candles; the private one for whoever has an account.
import { Book } from "./book.mjs";
import { Candles } from "./candles.mjs";
import { Estimate } from "./estimate.mjs";
import { Feed } from "./feed.mjs";
import { Guard } from "./guard.mjs";
import { watchKeys } from "./keys.mjs";
import { Mine } from "./mine.mjs";
import { Tape } from "./tape.mjs";
import { Ticket } from "./ticket.mjs";

const root = document.getElementById("trade");
const note = document.getElementById("feed-note");
const { pair, socket, minutes, priceDecimals } = root.dataset;

function tell(words) {
  note.textContent = words;
  note.hidden = !words;
}

let book = null;
const tape = new Tape(root);
const candles = new Candles(root);

const feed = new Feed(
  socket,
  (message) => {
    if (message.channel === "book") book.take(message);
    else if (message.channel === "ohlc") candles.take(message);
    else if (message.channel === "trade") {
      tape.take(message);
      const last = message.data.at(-1);
      if (last) book.traded(last.price);
    } else if (message.channel === "status" && message.data[0].system !== "online") {
      tell("The venue takes no new orders at the moment; what stands can be cancelled.");
    }
  },
  (state) => {
    root.dataset.feed = state;
    tell(state === "lost" ? "The line to the venue is lost; prices are old. It is tried again. Orders that stand go on standing." : "");
  },
);

book = new Book(root, feed, (words) => {
  root.dataset.feed = words ? "gap" : "live";
  tell(words);
});

feed.subscribe(
  book.channel,
  { channel: "trade", symbol: [pair], snapshot: true },
  { channel: "ohlc", symbol: [pair], interval: Number(minutes), snapshot: true },
);

if (root.dataset.mine) {
  new Mine(root, new Guard(root), (orders) => {
    book.mine.clear();
    for (const order of orders) {
      if (order.symbol !== pair || !order.limit_price) continue;
      book.mine.set(`${order.side === "buy" ? "bids" : "asks"}:${Math.round(order.limit_price * 10 ** Number(priceDecimals))}`, true);
    }
    book.draw();
  });
}

new Ticket(root);
watchKeys(book, new Estimate(root, book));
