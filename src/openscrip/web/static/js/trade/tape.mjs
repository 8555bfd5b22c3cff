// Trades as they happen, the newest on top. The taker's side is a word for who cannot see the colour.
import { number } from "./book.mjs";

const SHOWN = 30;

export class Tape {
  constructor(root) {
    this.box = document.getElementById("tape");
    this.price = Number(root.dataset.priceDecimals);
    this.lot = Number(root.dataset.lotDecimals);
    this.prints = [];
    this.dirty = false;
  }

  take(message) {
    const newest = [...message.data].reverse();
    this.prints = [...newest, ...(message.type === "snapshot" ? [] : this.prints)].slice(0, SHOWN);
    if (this.dirty) return;
    this.dirty = true;
    requestAnimationFrame(() => this.draw());
  }

  draw() {
    this.dirty = false;
    if (this.prints.length) {
      this.box.setAttribute("role", "list");
      this.box.replaceChildren(...this.prints.map((print) => this.row(print)));
      return;
    }
    this.box.setAttribute("role", "group");
    const line = document.createElement("p");
    line.className = "nothing";
    line.textContent = "Nothing has traded yet.";
    this.box.replaceChildren(line);
  }

  row({ side, price, qty, timestamp }) {
    const row = document.createElement("div");
    row.className = "print";
    row.setAttribute("role", "listitem");
    row.dataset.side = side;
    const sign = side === "buy" ? "+" : "\u2212";
    const texts = [
      ["price", `${sign} ${number(Math.round(price * 10 ** this.price), this.price)}`],
      ["lots", number(Math.round(qty * 10 ** this.lot), this.lot)],
      ["time muted", new Date(timestamp).toLocaleTimeString("en-GB", { timeZone: "America/New_York" })],
    ];
    for (const [name, text] of texts) {
      const part = document.createElement("span");
      part.className = name;
      part.textContent = text;
      row.append(part);
    }
    const word = document.createElement("span");
    word.className = "visually-hidden";
    word.textContent = side === "buy" ? "bought" : "sold";
    row.append(word);
    return row;
  }
}
