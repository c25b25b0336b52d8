import {
  CandlestickSeries,
  type IChartApi,
  type ISeriesApi,
  LineSeries,
  type UTCTimestamp,
  createChart,
} from "lightweight-charts";
import type { Bar } from "../../synapse/bars";
import type { Episode } from "../../synapse/episodes";
import type { Mark } from "../../synapse/hooks";
import type { Format } from "../../ui/format";
import { throttle } from "../../ui/throttle";
import { regimeBands, slivers } from "./bands";
import {
  FIXED_OPTIONS,
  candleOptions,
  formatOptions,
  lineOptions,
  themeOptions,
} from "./chartOptions";
import type { Layer } from "./layer";
import { MarkLayer } from "./markLayer";
import { type ChartMark, type MarkKind, chartMarks } from "./marks";
import { MomentLine } from "./momentLine";
import { BandWords, RegimeBands } from "./regimeBands";
import { type TimeDetail, timeDetail } from "./search";
import type { ChartTheme } from "./theme";
import { timeWords } from "./times";

/** Where several bars share a pixel, each update costs the merging of all of them: four a second are enough there. */
const REDRAW_MS = 250;

export type Style = "line" | "candles";
type Series = ISeriesApi<"Line" | "Candlestick">;

/** What lies under the pointer. */
export interface Hovered {
  readonly bar: Bar;
  readonly marks: readonly ChartMark[];
}

/** What is drawn beside the prices. */
export interface Extras {
  readonly episodes: readonly Episode[];
  readonly marks: readonly Mark[];
  readonly hidden: ReadonlySet<MarkKind>;
  /** The position that is shown: nothing that was recorded later is drawn; null while live. */
  readonly moment: number | null;
}

const NO_EXTRAS: Extras = { episodes: [], marks: [], hidden: new Set(), moment: null };

/** lightweight-charts with a price and three layers: the regimes behind it, marks, and the moment of the past. */
export class Drawing {
  readonly chart: IChartApi;
  extras = NO_EXTRAS;
  private series: Series;
  private style: Style = "line";
  private detail: TimeDetail = "day";
  private bars: readonly Bar[] = [];
  private isNewest = true;
  private readonly redrawn = throttle<void>(REDRAW_MS, () => {
    this.series.setData(this.bars.map(point));
  });
  private readonly bands: RegimeBands;
  private readonly words: BandWords;
  private readonly marks: MarkLayer;
  private readonly moment: MomentLine;

  constructor(
    box: HTMLElement,
    private theme: ChartTheme,
    private format: Format,
  ) {
    this.chart = createChart(box, FIXED_OPTIONS);
    this.bands = new RegimeBands(theme);
    this.words = new BandWords(theme);
    this.marks = new MarkLayer(theme);
    this.moment = new MomentLine(theme);
    this.series = this.newSeries();
    this.chart.applyOptions(themeOptions(theme));
    this.setFormat(format);
  }

  setTheme(theme: ChartTheme): void {
    this.theme = theme;
    this.chart.applyOptions(themeOptions(theme));
    if (this.style === "line") this.series.applyOptions(lineOptions(theme));
    else this.series.applyOptions(candleOptions(theme));
    for (const layer of this.layers()) layer.setTheme(theme);
  }

  setFormat(format: Format): void {
    this.format = format;
    this.chart.applyOptions(formatOptions(format, this.detail));
    this.showMoment();
  }

  setStyle(style: Style): void {
    if (style === this.style) return;
    this.style = style;
    this.chart.removeSeries(this.series);
    this.series = this.newSeries();
    this.series.setData(this.bars.map(point));
  }

  setExtras(extras: Extras): void {
    this.extras = extras;
    this.showBands();
    this.showMarks();
    this.showMoment();
  }

  /** Other bars; `newest`: the last of them is the newest that there is. */
  drawAll(bars: readonly Bar[], newest: boolean): void {
    this.bars = bars;
    this.isNewest = newest;
    this.detail = timeDetail(bars);
    this.chart.applyOptions(formatOptions(this.format, this.detail));
    this.series.applyOptions({ lastValueVisible: newest, priceLineVisible: newest });
    this.series.setData(bars.map(point));
    this.setExtras(this.extras);
  }

  /** The same bars, changed and grown from one of them on. */
  drawTail(bars: readonly Bar[], from: number): void {
    const grown = bars.length > this.bars.length;
    const before = this.bars.at(-1)?.regime;
    this.bars = bars;
    if (this.conflates()) this.redrawn.call();
    else this.update(from);
    if (grown || bars.at(-1)?.regime !== before) this.showBands();
    if (!grown) return;
    this.showMarks();
    this.showMoment();
  }

  hovered(logical: number | undefined): Hovered | null {
    const bar = logical === undefined ? undefined : this.bars[Math.round(logical)];
    return bar && logical !== undefined ? { bar, marks: this.marks.near(logical) } : null;
  }

  dispose(): void {
    this.redrawn.cancel();
    this.chart.remove();
  }

  /** Whether there are several bars to a pixel, and the library draws them as one. */
  private conflates(): boolean {
    return this.chart.timeScale().options().barSpacing * window.devicePixelRatio < 1;
  }

  private update(from: number): void {
    for (let at = from; at < this.bars.length; at += 1) {
      const bar = this.bars[at];
      if (bar) this.series.update(point(bar));
    }
  }

  private layers(): Layer[] {
    return [this.bands, this.words, this.marks, this.moment];
  }

  private newSeries(): Series {
    const { chart, theme } = this;
    const series =
      this.style === "line"
        ? chart.addSeries(LineSeries, lineOptions(theme))
        : chart.addSeries(CandlestickSeries, candleOptions(theme));
    for (const layer of this.layers()) series.attachPrimitive(layer);
    return series;
  }

  private showBands(): void {
    const { episodes, moment } = this.extras;
    const lost = slivers(this.bars, episodes, moment ?? Infinity);
    const bands = regimeBands(this.bars);
    this.words.setBands(bands);
    this.bands.setBands(bands, lost);
  }

  private showMarks(): void {
    const { episodes, hidden, marks, moment } = this.extras;
    const all = chartMarks(this.bars, episodes, marks, moment ?? Infinity);
    this.marks.setMarks(all.filter(({ kind }) => !hidden.has(kind)), this.bars);
  }

  private showMoment(): void {
    const last = this.bars.at(-1);
    const shown = this.extras.moment === null || !this.isNewest ? undefined : last;
    const text = shown ? timeWords(this.format, this.detail, shown.time) : null;
    this.moment.setMoment(this.bars.length - 1, text);
  }
}

/** A line reads the value, candles the rest. */
function point({ close, high, low, open, time }: Bar) {
  return { time: time as UTCTimestamp, value: close, open, high, low, close };
}
