// The book as it is drawn: rows are made once and written anew, at most once a frame.
import { say } from "../say.mjs";
import { Ladder } from "./ladder.mjs";

const ROWS = 12;
const DEPTH = 25;
const GAPS_TOLD = 3;
const MINUTE_MS = 60000;

/** Whole units, a number or a BigInt, as text with so many decimals, in groups. */
export function number(units, decimals) {
  const text = String(units < 0 ? -units : units).padStart(decimals + 1, "0");
  const whole = text.slice(0, text.length - decimals).replace(/\B(?=(\d{3})+$)/g, ",");
  return `${units < 0 ? "\u2212" : ""}${whole}${decimals ? `.${text.slice(text.length - decimals)}` : ""}`;
}

/** The same for fields: no groups. */
export const plainNumber = (units, decimals) => number(units, decimals).replaceAll(",", "");

export class Book {
  constructor(root, feed, onGap) {
    const { pair, priceDecimals, lotDecimals } = root.dataset;
    Object.assign(this, { root, feed, onGap, price: Number(priceDecimals), lot: Number(lotDecimals) });
    this.channel = { channel: "book", symbol: [pair], depth: DEPTH, snapshot: true };
    this.ladder = new Ladder(this.price, this.lot, DEPTH);
    this.gaps = [];
    this.last = 0;
    this.mine = new Map();
    this.rows = { bids: this.make("bids"), asks: this.make("asks") };
    this.dirty = false;
    this.onDraw = () => {};
  }

  /** Whether the ladder is what the venue has: it came, and adds up. */
  isWhole() {
    return !this.waiting && this.ladder.isThere;
  }

  /** Whether more prices may stand behind so many that are known. */
  isDeeper(levels) {
    return levels >= DEPTH;
  }

  make(side) {
    const box = document.getElementById(side);
    const rows = Array.from({ length: ROWS }, () => {
      const row = document.createElement("button");
      row.type = "button";
      row.className = "level";
      row.hidden = true;
      const parts = ["bar", "visually-hidden", "price", "lots", "sum"].map((name) => {
        const part = document.createElement("span");
        part.className = name;
        row.append(part);
        return part;
      });
      // What sight has from the place, the name has as a word.
      parts[1].textContent = side === "bids" ? "Bid " : "Ask ";
      row.addEventListener("click", () => this.root.dispatchEvent(new CustomEvent("trade:price", { detail: row.dataset.price })));
      return { row, parts };
    });
    // The best ask stands lowest, next to the best bid.
    box.replaceChildren(...(side === "asks" ? [...rows].reverse() : rows).map(({ row }) => row));
    return rows;
  }

  take(message) {
    if (this.waiting && message.type !== "snapshot") return;
    const fits = this.ladder.take(message.type, message.data[0]);
    if (fits) {
      this.waiting = false;
      this.onGap("");
    } else {
      this.gap();
    }
    this.draw();
  }

  gap() {
    const now = performance.now();
    this.waiting = true;
    this.gaps = [...this.gaps.filter((at) => now - at < MINUTE_MS), now];
    const words = this.gaps.length >= GAPS_TOLD ? `The book was found wrong ${this.gaps.length} times in a minute; it is fetched anew each time.` : "The book did not add up and is fetched anew.";
    this.onGap(words);
    this.feed.again(this.channel);
  }

  draw() {
    if (this.dirty) return;
    this.dirty = true;
    requestAnimationFrame(() => {
      this.dirty = false;
      const [bids, asks] = [this.ladder.best("bids", ROWS), this.ladder.best("asks", ROWS)];
      const most = Math.max(1, ...[bids, asks].map((side) => side.reduce((sum, [, lots]) => sum + lots, 0)));
      this.write("bids", bids, most);
      this.write("asks", asks, most);
      this.middle(bids, asks);
      this.onDraw();
    });
  }

  write(side, levels, most) {
    let sum = 0;
    this.rows[side].forEach(({ row, parts: [bar, , price, lots, total] }, index) => {
      const level = levels[index];
      row.hidden = !level;
      if (!level) return;
      const [ticks, quantity] = level;
      sum += quantity;
      const [priceText, lotText] = [number(ticks, this.price), number(quantity, this.lot)];
      const own = this.mine.get(`${side}:${ticks}`);
      price.textContent = own ? `${priceText} \u2022 yours` : priceText;
      lots.textContent = lotText;
      total.textContent = number(sum, this.lot);
      bar.style.transform = `scaleX(${sum / most})`;
      row.dataset.price = plainNumber(ticks, this.price);
    });
  }

  middle(bids, asks) {
    const [bid, ask] = [bids[0]?.[0] ?? 0, asks[0]?.[0] ?? 0];
    document.getElementById("middle-price").textContent = this.last ? number(this.last, this.price) : "\u2013";
    document.getElementById("spread").textContent = bid && ask ? `Spread ${number(ask - bid, this.price)}` : bid || ask ? "One side is empty" : "Nobody quotes";
  }

  traded(price) {
    this.last = Math.round(price * 10 ** this.price);
    const last = document.getElementById("last");
    if (last) last.textContent = number(this.last, this.price);
    this.draw();
  }

  /** Bid, ask and last as a sentence, for whoever asks by key. */
  speak() {
    const [[bid], [ask]] = [this.ladder.best("bids", 1)[0] ?? [], this.ladder.best("asks", 1)[0] ?? []];
    const word = (ticks) => (ticks ? number(ticks, this.price) : "none");
    say(`Bid ${word(bid)}, ask ${word(ask)}, last ${word(this.last)}.`);
  }
}
