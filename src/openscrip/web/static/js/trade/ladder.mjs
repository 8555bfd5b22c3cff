// A book in whole numbers: ticks and lots, best price first, checked with the venue's CRC-32 after every message.
export const CHECKED = 10;

const TABLE = Uint32Array.from({ length: 256 }, (_, number) => {
  let crc = number;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1;
  return crc >>> 0;
});

/** CRC-32 of a text of digits. */
export function crc32(text) {
  let crc = 0xffffffff;
  for (let at = 0; at < text.length; at += 1) crc = TABLE[(crc ^ text.charCodeAt(at)) & 0xff] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

export class Ladder {
  constructor(priceDecimals, lotDecimals, depth) {
    this.priceOne = 10 ** priceDecimals;
    this.lotOne = 10 ** lotDecimals;
    this.depth = depth;
    this.bids = new Map();
    this.asks = new Map();
    this.isThere = false;
  }

  /** Takes one message of the book channel; false when it does not fit what the venue has. */
  take(type, data) {
    if (type === "snapshot") {
      this.bids.clear();
      this.asks.clear();
      this.isThere = true;
    }
    this.change(this.bids, data.bids ?? []);
    this.change(this.asks, data.asks ?? []);
    this.cut(this.bids, this.best("bids"));
    this.cut(this.asks, this.best("asks"));
    return data.checksum === undefined || this.checksum() === data.checksum;
  }

  change(side, levels) {
    for (const { price, qty } of levels) {
      const ticks = Math.round(price * this.priceOne);
      const lots = Math.round(qty * this.lotOne);
      if (lots === 0) side.delete(ticks);
      else side.set(ticks, lots);
    }
  }

  cut(side, best) {
    for (const [ticks] of best.slice(this.depth)) side.delete(ticks);
  }

  /** [ticks, lots] of a side, the best first. */
  best(side, most = Infinity) {
    const sorted = [...this[side]].sort(side === "bids" ? (a, b) => b[0] - a[0] : (a, b) => a[0] - b[0]);
    return most === Infinity ? sorted : sorted.slice(0, most);
  }

  checksum() {
    const levels = [...this.best("asks", CHECKED), ...this.best("bids", CHECKED)];
    return levels.length ? crc32(levels.map(([ticks, lots]) => `${ticks}${lots}`).join("")) : 0;
  }
}
