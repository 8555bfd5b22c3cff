// Charts: every <figure data-chart> draws what `data-url` answers, in the colours of the page. The picture adds nothing
// that the sentence, the table and the file beside it do not say.
import * as charts from "/vendor/lightweight-charts/5.2.1/dist/lightweight-charts.standalone.production.mjs";
import { onTheme } from "./theme.mjs";

const probe = document.createElement("span");
probe.hidden = true;

/** A token of tokens.css as the browser resolves it now. */
export function colour(name, alpha = 1) {
  if (!probe.isConnected) document.body.append(probe);
  probe.style.color = `var(--${name})`;
  const [red, green, blue] = getComputedStyle(probe).color.match(/[\d.]+/g);
  return `rgba(${red}, ${green}, ${blue}, ${alpha})`;
}

export function look() {
  return {
    layout: {
      background: { color: "transparent" },
      textColor: colour("muted"),
      fontFamily: "Inter, system-ui, sans-serif",
      fontSize: 12,
      attributionLogo: false,
    },
    grid: { vertLines: { visible: false }, horzLines: { color: colour("border", 0.6) } },
    rightPriceScale: { borderVisible: false },
    timeScale: { borderColor: colour("border"), timeVisible: true, secondsVisible: false },
    crosshair: { vertLine: { color: colour("control") }, horzLine: { color: colour("control") } },
  };
}

const still = { handleScroll: { mouseWheel: false, vertTouchDrag: false }, handleScale: { mouseWheel: false } };
const plain = (point) => (point[1] === null ? { time: point[0] } : { time: point[0], value: Number(point[1]) });

/** Points of a line. The library joins what a gap parts; a clear colour from the last point before it leaves it open. */
const gapped = (points) =>
  points.map((point, index) => (point[1] !== null && points[index + 1]?.[1] === null ? { ...plain(point), color: "rgba(0, 0, 0, 0)" } : plain(point)));

/** Candles are told apart by form: hollow is up, filled is down. */
export function candleLook() {
  return {
    upColor: colour("surface"),
    borderUpColor: colour("good"),
    wickUpColor: colour("good"),
    downColor: colour("bad"),
    borderDownColor: colour("bad"),
    wickDownColor: colour("bad"),
  };
}

const TINTS = ["accent", "info", "simulated", "warn"];
const told = (unit, digits) => (value) => `${value.toFixed(digits)}${unit === "%" ? " %" : ""}`;

/** Lines in steps, one for each series; a threshold is never out of sight; a point without a value is a gap. */
function lines(chart, data, digits) {
  const limit = data.threshold ?? null;
  const wide = (original) => {
    const found = original();
    if (!found || limit === null) return found;
    const { minValue, maxValue } = found.priceRange;
    const room = Math.max((maxValue - minValue) * 0.1, limit * 0.0005);
    return { ...found, priceRange: { minValue: Math.min(minValue, limit - room), maxValue: Math.max(maxValue, limit + room) } };
  };
  const drawn = data.series.map((series) => {
    const line = chart.addSeries(charts.LineSeries, {
      lineWidth: 2,
      lineType: charts.LineType.WithSteps,
      autoscaleInfoProvider: wide,
      priceFormat: { type: "custom", minMove: 10 ** -digits, formatter: told(series.unit, digits) },
      priceLineVisible: false,
      title: data.series.length > 1 ? series.name : "",
    });
    line.setData(gapped(series.points));
    return line;
  });
  const rule = limit === null ? null : drawn[0]?.createPriceLine({ price: limit, lineWidth: 1, lineStyle: charts.LineStyle.Dashed, axisLabelVisible: true, title: data.thresholdName ?? "" });
  const marks = drawn.length ? charts.createSeriesMarkers(drawn[0], []) : null;
  return () => {
    drawn.forEach((line, index) => line.applyOptions({ color: colour(TINTS[index % TINTS.length]) }));
    rule?.applyOptions({ color: colour("bad"), axisLabelColor: colour("bad"), axisLabelTextColor: colour("surface") });
    marks?.setMarkers((data.markers ?? []).map(([time, text]) => ({ time, text, position: "aboveBar", shape: "circle", color: colour("info") })));
  };
}

const KINDS = {
  coverage: (chart, data) => lines(chart, data, data.decimals ?? 2),

  multiplier: (chart, data) => lines(chart, data, data.decimals ?? 6),

  // The first series as bars, each further one as a line of reference.
  volume(chart, data) {
    const drawn = data.series.map((series, index) => {
      const line = index === 0
        ? chart.addSeries(charts.HistogramSeries, { priceFormat: { type: "volume" }, priceLineVisible: false, lastValueVisible: false })
        : chart.addSeries(charts.LineSeries, { lineWidth: 2, lineStyle: charts.LineStyle.Dashed, priceLineVisible: false, title: series.name, priceFormat: { type: "volume" } });
      line.setData(series.points.map(plain));
      return line;
    });
    const limit = data.threshold ?? null;
    const rule = limit === null ? null : drawn[0]?.createPriceLine({ price: limit, lineWidth: 1, lineStyle: charts.LineStyle.Dashed, axisLabelVisible: true, title: data.thresholdName ?? "" });
    return () => {
      drawn.forEach((line, index) => line.applyOptions({ color: index === 0 ? colour("accent", 0.75) : colour(TINTS[(index + 1) % TINTS.length]) }));
      rule?.applyOptions({ color: colour("simulated"), axisLabelColor: colour("simulated"), axisLabelTextColor: colour("surface") });
    };
  },

  candles(chart, data) {
    const candles = chart.addSeries(charts.CandlestickSeries, {
      priceFormat: { type: "price", precision: data.decimals ?? 2, minMove: 10 ** -(data.decimals ?? 2) },
    });
    const bars = chart.addSeries(charts.HistogramSeries, { priceFormat: { type: "volume" }, priceScaleId: "volume", priceLineVisible: false, lastValueVisible: false });
    chart.priceScale("volume").applyOptions({ scaleMargins: { top: 0.82, bottom: 0 } });
    const [one, other] = [[], []];
    for (const [time, open, high, low, close, volume] of data.candles) {
      one.push({ time, open: Number(open), high: Number(high), low: Number(low), close: Number(close) });
      other.push({ time, value: Number(volume) });
    }
    candles.setData(one);
    bars.setData(other);
    return () => {
      candles.applyOptions(candleLook());
      bars.applyOptions({ color: colour("muted", 0.35) });
    };
  },

  depth(chart, data) {
    const side = () => chart.addSeries(charts.AreaSeries, { lineWidth: 2, lineType: charts.LineType.WithSteps, priceLineVisible: false, lastValueVisible: false, priceFormat: { type: "volume" } });
    const [bids, asks] = [side(), side()];
    bids.setData(data.bids.map(plain));
    asks.setData(data.asks.map(plain));
    return () => {
      bids.applyOptions({ lineColor: colour("good"), topColor: colour("good", 0.28), bottomColor: colour("good", 0.04) });
      asks.applyOptions({ lineColor: colour("bad"), topColor: colour("bad", 0.28), bottomColor: colour("bad", 0.04) });
    };
  },
};

const DAY_S = 86400;
const spanOf = (data) => {
  const points = data.candles ?? data.series[0]?.points ?? [];
  return points.length ? points.at(-1)[0] - points[0][0] : 0;
};

/** Draws `data` into `box`; the answer has `remove`. */
export function draw(box, kind, data) {
  box.dataset.state = "drawn";
  box.replaceChildren();
  const make = kind === "depth" ? charts.createOptionsChart : charts.createChart;
  const chart = make(box, { autoSize: true, ...look(), ...still });
  const paint = KINDS[kind](chart, data);
  const repaint = () => {
    chart.applyOptions(look());
    paint();
  };
  repaint();
  onTheme(repaint);
  if (kind !== "depth") chart.timeScale().applyOptions({ timeVisible: spanOf(data) < 3 * DAY_S });
  chart.timeScale().fitContent();
  // A phone that is turned shows all of it again, and not its newest part alone.
  chart.timeScale().subscribeSizeChange(() => chart.timeScale().fitContent());
  return chart;
}

const isEmpty = (data) => {
  if (data.series) return data.series.every((series) => series.points.length === 0);
  return !(data.candles ?? [...(data.bids ?? []), ...(data.asks ?? [])]).length;
};

async function start(figure) {
  const box = figure.querySelector(".canvas");
  const note = (words) => {
    const line = document.createElement("span");
    line.className = "canvas-note";
    line.textContent = words;
    box.replaceChildren(line);
  };
  try {
    const answer = await fetch(figure.dataset.url, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    const data = await answer.json();
    if (isEmpty(data)) {
      box.dataset.state = "empty";
      note("Nothing to draw yet.");
      return;
    }
    figure.drawn?.remove();
    figure.drawn = draw(box, figure.dataset.chart, data);
  } catch (fault) {
    box.dataset.state = "failed";
    note("The figures could not be fetched. The table has them.");
    if (!(fault instanceof TypeError) && !/^\d+$/.test(fault.message)) throw fault;
  }
}

/** Draws every chart below `root` that is not drawn yet. */
export function drawAll(root = document) {
  for (const figure of root.querySelectorAll("figure[data-chart]")) {
    if (figure.dataset.started) continue;
    figure.dataset.started = "yes";
    figure.addEventListener("refresh", () => start(figure));
    start(figure);
  }
}

drawAll();
document.addEventListener("htmx:after:swap", () => drawAll());
