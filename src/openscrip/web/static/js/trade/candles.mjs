// Candles and volume, hollow where the price rose. The table beside the chart has the same figures.
import * as charts from "/vendor/lightweight-charts/5.2.1/dist/lightweight-charts.standalone.production.mjs";
import { candleLook, colour, look } from "../chart.mjs";
import { onTheme } from "../theme.mjs";

const seconds = (text) => Math.floor(Date.parse(text) / 1000);

export class Candles {
  constructor(root) {
    const precision = Number(root.dataset.priceDecimals);
    this.box = document.getElementById("candles");
    this.chart = charts.createChart(this.box, { autoSize: true, ...look(), handleScale: { mouseWheel: false }, handleScroll: { mouseWheel: false, vertTouchDrag: false } });
    this.chart.timeScale().applyOptions({ timeVisible: Number(root.dataset.minutes) < 1440, rightOffset: 3, minBarSpacing: 3 });
    this.bars = this.chart.addSeries(charts.CandlestickSeries, { priceFormat: { type: "price", precision, minMove: 10 ** -precision } });
    this.volume = this.chart.addSeries(charts.HistogramSeries, { priceFormat: { type: "volume" }, priceScaleId: "volume", priceLineVisible: false, lastValueVisible: false });
    this.chart.priceScale("volume").applyOptions({ scaleMargins: { top: 0.84, bottom: 0 } });
    const paint = () => {
      this.chart.applyOptions(look());
      this.bars.applyOptions(candleLook());
      this.volume.applyOptions({ color: colour("muted", 0.35) });
    };
    paint();
    onTheme(paint);
  }

  note(words) {
    this.box.querySelector(".canvas-note")?.remove();
    if (!words) return;
    const line = document.createElement("span");
    line.className = "canvas-note";
    line.textContent = words;
    this.box.append(line);
  }

  take(message) {
    const rows = message.data
      .map((each) => ({ time: seconds(each.interval_begin), open: each.open, high: each.high, low: each.low, close: each.close, value: each.volume }))
      .sort((one, other) => one.time - other.time);
    if (message.type === "snapshot") {
      this.bars.setData(rows.map(({ value, ...bar }) => bar));
      this.volume.setData(rows.map(({ time, value }) => ({ time, value })));
      this.chart.timeScale().setVisibleLogicalRange({ from: Math.max(0, rows.length - 90), to: rows.length + 3 });
    } else {
      for (const { value, ...bar } of rows) {
        this.bars.update(bar);
        this.volume.update({ time: bar.time, value });
      }
    }
    this.box.dataset.state = "drawn";
    this.note(rows.length || message.type === "update" ? "" : "Nothing has traded yet.");
  }
}
