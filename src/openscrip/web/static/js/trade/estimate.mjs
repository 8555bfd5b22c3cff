// What the book gives for the order in the ticket, while it is written: whole ticks and lots, as the server counts them.
import { say } from "../say.mjs";
import { number } from "./book.mjs";

const TAKERS = ["market", "limit", "iceberg"];
const FEE_ONE = 1000000n;
const FINER = 2;
const field = (name) => document.getElementById(`f-${name}`);

/** Whole units of a decimal text; null for what is none. */
export function units(text, decimals) {
  const match = /^(\d*)(?:\.(\d*))?$/.exec((text ?? "").trim());
  if (!match || (!match[1] && !match[2]) || (match[2] ?? "").length > decimals) return null;
  return BigInt((match[1] || "0") + (match[2] ?? "").padEnd(decimals, "0"));
}

const divided = (above, below, up) => (up && above > 0n ? (above + below - 1n) / below : above < 0n && !up ? -((-above + below - 1n) / below) : above / below);

/** Takes `lots` level by level, the best first, never past `edge` ticks (0: at any price). */
export function walk(levels, lots, edge, isBuy) {
  let [left, value, worst] = [lots, 0n, 0n];
  for (const [ticks, offered] of levels) {
    const price = BigInt(ticks);
    if (!left || (edge && (isBuy ? price > edge : price < edge))) break;
    const taken = left < BigInt(offered) ? left : BigInt(offered);
    left -= taken;
    value += taken * price;
    worst = price;
  }
  return { filled: lots - left, value, worst };
}

export class Estimate {
  constructor(root, book) {
    const { base, quote, priceDecimals, lotDecimals, feeMillionths } = root.dataset;
    Object.assign(this, { book, base, quote, price: Number(priceDecimals), lot: Number(lotDecimals), fee: BigInt(feeMillionths) });
    root.addEventListener("input", (event) => event.target.closest("#ticket-form") && this.show());
    document.addEventListener("htmx:after:swap", () => this.show());
    book.onDraw = () => this.show();
  }

  /** What the ticket asks for, or null when it is not complete or would not trade at once by itself. */
  asked() {
    const kind = field("kind")?.value;
    const strip = document.getElementById("strip").dataset;
    if (!TAKERS.includes(kind) || field("post")?.checked || strip.state !== "open") return null;
    const isBuy = !document.getElementById("side-sell")?.checked;
    const lots = units(field("quantity")?.value, this.lot);
    const edge = kind === "market" ? BigInt(isBuy ? strip.collarBuy : strip.collarSell) : units(field("price")?.value, this.price);
    return lots && edge !== null && (edge || kind === "market") ? { kind, isBuy, lots, edge, time: field("time")?.value } : null;
  }

  show() {
    const box = document.getElementById("estimate");
    // The page of the review has the server's own figures.
    if (!box || !document.getElementById("ticket-form")) return;
    const asked = this.asked();
    const told = asked && this.book.isWhole() ? this.told(asked) : null;
    const text = JSON.stringify(told);
    if (text === this.shown && box.childElementCount) return;
    this.shown = text;
    box.hidden = !told;
    if (told) box.replaceChildren(...this.drawn(told));
    else box.replaceChildren();
  }

  told(asked) {
    const [bids, asks] = [this.book.ladder.best("bids"), this.book.ladder.best("asks")];
    const { isBuy, lots, edge } = asked;
    const found = walk(isBuy ? asks : bids, lots, edge, isBuy);
    const rest = found.filled === lots ? "" : this.rest(asked, found.filled, (isBuy ? asks : bids).length);
    if (!found.filled) return { rest, rows: [] };
    const scale = this.price + this.lot;
    const feeUp = divided(found.value * this.fee, FEE_ONE, true);
    const average = divided(found.value * 10n ** BigInt(FINER), found.filled, isBuy);
    const total = isBuy ? found.value + feeUp : found.value - feeUp;
    return {
      rest,
      rows: [
        ["average", "On average", `${number(average, this.price + FINER)} ${this.quote}`],
        ["worst", "At worst", `${number(found.worst, this.price)} ${this.quote}`],
        ["slippage", "Slippage, to the middle", this.slippage(found, bids[0], asks[0], isBuy)],
        ["fee", "Fee, about", `${this.cents(feeUp, scale, true)} ${this.quote}`],
        ["total", isBuy ? "You pay about" : "You get about", `${this.cents(total, scale, isBuy)} ${this.quote}`],
      ],
    };
  }

  slippage({ value, filled }, bid, ask, isBuy) {
    if (!bid || !ask) return "one side is empty";
    const middleTwice = BigInt(bid[0] + ask[0]) * filled;
    const worse = isBuy ? 2n * value - middleTwice : middleTwice - 2n * value;
    return `${number(divided(worse * 10000n, middleTwice, true), 2)}\u202f%`;
  }

  cents(amount, decimals, up) {
    return number(divided(amount, 10n ** BigInt(Math.max(0, decimals - 2)), up), Math.min(2, decimals));
  }

  rest({ kind, isBuy, lots, edge, time }, filled, levels) {
    const seen = this.book.isDeeper(levels) ? ` among the best ${levels} prices` : "";
    const given = `${number(filled, this.lot)} of ${number(lots, this.lot)} ${this.base} stand${seen}`;
    const bound = `${isBuy ? "up" : "down"} to ${number(edge, this.price)}`;
    if (kind === "market") return `Not all can be filled: ${given}${edge ? ` within the venue's collar, ${bound}` : ""}. The rest would be cancelled.`;
    if (time === "FOK") return `Not all can be filled: ${given} ${bound}. Whole or not at all: nothing would trade.`;
    if (time === "IOC") return `Not all can be filled: ${given} ${bound}. The rest would be cancelled.`;
    if (!filled) return "Nothing would trade at once: the order would stand in the book at its limit.";
    const left = `${number(lots - filled, this.lot)} ${this.base}`;
    return `Not all can be filled at once: ${given} ${bound}. ${left} would stand in the book at the limit.`;
  }

  drawn({ rest, rows }) {
    const made = [];
    if (rest) {
      const line = document.createElement("p");
      line.className = "small estimate-rest";
      line.id = "estimate-rest";
      line.textContent = rest;
      made.push(line);
    }
    if (rows.length) {
      const list = document.createElement("dl");
      list.className = "pairs small";
      for (const [name, word, text] of rows) {
        const [term, value] = [document.createElement("dt"), document.createElement("dd")];
        term.textContent = word;
        value.textContent = text;
        value.dataset.told = name;
        list.append(term, value);
      }
      made.push(list);
    }
    return made;
  }

  /** The same as a sentence, for whoever asks by key. */
  speak() {
    const box = document.getElementById("estimate");
    if (!box || box.hidden) {
      say("There is no estimate: it is made for orders that may trade at once, from kind, quantity and limit.");
      return;
    }
    const rows = [...box.querySelectorAll("dt")].map((term) => `${term.textContent} ${term.nextElementSibling.textContent}`);
    say([...rows.map((row) => `${row}.`), box.querySelector("#estimate-rest")?.textContent ?? ""].join(" ").trim());
  }
}
