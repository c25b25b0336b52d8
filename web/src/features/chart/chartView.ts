import {
  ColorType,
  CrosshairMode,
  type DeepPartial,
  type IChartApi,
  type ISeriesApi,
  LineSeries,
  type TimeChartOptions,
  type UTCTimestamp,
  createChart,
} from "lightweight-charts";
import type { Bar, BarsSnapshot } from "../../synapse/bars";
import { regimeBands, timeDetail } from "./bands";
import { RegimeBands } from "./regimeBands";
import type { ChartTheme } from "./theme";

export const RECENT_BARS = 150;
const ROOM_RIGHT = 0.02;

export type Range = "all" | "recent";

/** The chart as an object: lightweight-charts with the price and, behind it, the regimes. */
export class ChartView {
  private readonly chart: IChartApi;
  private readonly series: ISeriesApi<"Line">;
  private readonly regimes: RegimeBands;
  private bars: readonly Bar[] = [];
  private generation = -1;
  private range: Range = "all";

  constructor(
    box: HTMLElement,
    private theme: ChartTheme,
    onHover: (bar: Bar | null) => void,
  ) {
    this.chart = createChart(box, { autoSize: true, ...options(theme) });
    this.series = this.chart.addSeries(LineSeries, seriesOptions(theme));
    this.regimes = new RegimeBands(theme);
    this.series.attachPrimitive(this.regimes);
    this.chart.subscribeCrosshairMove(({ time }) => {
      onHover(this.bars.find((bar) => bar.time === time) ?? null);
    });
  }

  dispose(): void {
    this.chart.remove();
  }

  setTheme(theme: ChartTheme): void {
    this.theme = theme;
    this.chart.applyOptions(options(theme));
    this.series.applyOptions(seriesOptions(theme));
    this.regimes.set(regimeBands(this.bars), theme);
  }

  setRange(range: Range): void {
    this.range = range;
    this.show();
  }

  /** Draws what is new: all of another generation, else the bars from the last drawn one on. */
  setBars({ bars, generation }: BarsSnapshot): void {
    const drawn = this.bars.at(-1)?.time ?? -1;
    const grown = bars.length > this.bars.length;
    const another = generation !== this.generation;
    this.bars = bars;
    if (another) this.drawAll(bars);
    else for (const bar of bars.slice(tailFrom(bars, drawn))) this.series.update(point(bar));
    this.generation = generation;
    this.regimes.set(regimeBands(bars), this.theme);
    if (another || (grown && this.range === "all")) this.show();
  }

  private drawAll(bars: readonly Bar[]): void {
    const detail = timeDetail(bars);
    this.chart.applyOptions({
      timeScale: { timeVisible: detail !== "day", secondsVisible: detail === "second" },
    });
    this.series.setData(bars.map(point));
  }

  private show(): void {
    const { length } = this.bars;
    const first = this.range === "all" ? 0 : Math.max(0, length - RECENT_BARS);
    const room = 0.5 + (length - first) * ROOM_RIGHT;
    this.chart.timeScale().setVisibleLogicalRange({ from: first - 0.5, to: length - 1 + room });
  }
}

function tailFrom(bars: readonly Bar[], drawn: number): number {
  let index = bars.length;
  while (index > 0 && (bars[index - 1]?.time ?? 0) >= drawn) index -= 1;
  return index;
}

function point(bar: Bar): { time: UTCTimestamp; value: number } {
  return { time: bar.time as UTCTimestamp, value: bar.close };
}

function seriesOptions(theme: ChartTheme) {
  return { color: theme.text, lineWidth: 2, priceLineColor: theme.line } as const;
}

function options(theme: ChartTheme): DeepPartial<TimeChartOptions> {
  return {
    layout: {
      // The logo brings a style element of its own; the page names the library in its foot.
      attributionLogo: false,
      background: { type: ColorType.Solid, color: "transparent" },
      textColor: theme.muted,
      fontFamily: theme.font,
      fontSize: 12,
    },
    grid: { vertLines: { visible: false }, horzLines: { color: theme.edge } },
    rightPriceScale: { borderVisible: false, scaleMargins: { top: 0.08, bottom: 0.1 } },
    timeScale: { borderVisible: false, minBarSpacing: 0.05 },
    crosshair: { mode: CrosshairMode.Magnet },
    localization: { locale: "en-GB", dateFormat: "d MMM yyyy" },
  };
}
