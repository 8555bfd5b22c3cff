// What helps in the ticket: a price from the book, a share of the balance, both amounts read back. Nothing here sends.
// Whole units throughout: an amount never passes through a fraction.
import { number } from "./book.mjs";
import { units } from "./estimate.mjs";

const field = (name) => document.getElementById(`f-${name}`);

export class Ticket {
  constructor(root) {
    this.root = root;
    root.addEventListener("trade:price", ({ detail }) => this.price(detail));
    root.addEventListener("input", (event) => event.target.closest("#ticket-form") && this.readBack());
    root.addEventListener("click", (event) => {
      const share = event.target.closest?.("[data-share]");
      if (share) this.share(Number(share.dataset.share));
    });
    document.addEventListener("htmx:after:swap", () => this.ready());
    this.ready();
  }

  ready() {
    const shares = document.getElementById("shares-of");
    if (shares) shares.hidden = !document.querySelector("#balances tr[data-asset]");
    this.readBack();
  }

  price(text) {
    const box = field("price");
    if (!box) return;
    box.value = text;
    this.readBack();
    box.focus();
  }

  side() {
    return document.getElementById("side-sell")?.checked ? "sell" : "buy";
  }

  share(percent) {
    const { base, quote, priceDecimals, lotDecimals } = this.root.dataset;
    const [prices, lots] = [Number(priceDecimals), Number(lotDecimals)];
    const wanted = this.side() === "sell" ? base : quote;
    const free = document.querySelector(`#balances tr[data-asset="${CSS.escape(wanted)}"]`)?.dataset.free ?? "0";
    const have = units(free.slice(0, free.indexOf(".") + 9 || undefined), 9) ?? 0n;
    let quantity;
    if (wanted === base) {
      quantity = (have * BigInt(percent)) / 100n / 10n ** BigInt(9 - lots);
    } else {
      const price = units(field("price")?.value, prices);
      if (!price) {
        field("price")?.focus();
        return;
      }
      // A little less than all, so that the fee still fits.
      quantity = (have * BigInt(percent) * 10n ** BigInt(prices + lots)) / (price * 100n * 10n ** 9n);
      quantity = (quantity * 997n) / 1000n;
    }
    field("quantity").value = number(quantity, lots).replaceAll(",", "");
    this.readBack();
  }

  readBack() {
    const line = document.getElementById("read-back");
    if (!line) return;
    const { base, quote, priceDecimals, lotDecimals } = this.root.dataset;
    const quantity = units(field("quantity")?.value, Number(lotDecimals));
    const price = units(field("price")?.value, Number(priceDecimals));
    const limited = field("price")?.offsetParent !== null;
    if (quantity && price && limited) {
      const decimals = Number(priceDecimals) + Number(lotDecimals);
      const cents = (quantity * price) / 10n ** BigInt(Math.max(0, decimals - 2));
      line.textContent = `${field("quantity").value} ${base} tokens = ${number(cents, 2)} ${quote} before the fee`;
    } else {
      line.textContent = "";
    }
  }
}
