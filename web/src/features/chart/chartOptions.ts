import {
  ColorType,
  CrosshairMode,
  type DeepPartial,
  type Time,
  type TimeChartOptions,
} from "lightweight-charts";
import type { Format } from "../../ui/format";
import type { TimeDetail } from "./search";
import type { ChartTheme } from "./theme";
import { tickWriter, timeWords } from "./times";

export function formatOptions(format: Format, detail: TimeDetail): DeepPartial<TimeChartOptions> {
  return {
    localization: {
      locale: format.locale,
      timeFormatter: (time: Time) => timeWords(format, detail, Number(time)),
      priceFormatter: (price: number) => format.price(price),
    },
    timeScale: {
      timeVisible: detail !== "day",
      secondsVisible: detail === "second",
      // So long are the labels at most, or else fewer of them would be drawn.
      tickMarkMaxCharacterLength: detail === "second" ? 8 : 5,
      tickMarkFormatter: tickWriter(format),
    },
  };
}

export function themeOptions(theme: ChartTheme): DeepPartial<TimeChartOptions> {
  const crosshair = { color: theme.line, labelBackgroundColor: theme.line };
  return {
    layout: { textColor: theme.muted, fontFamily: theme.font },
    grid: { horzLines: { color: theme.edge } },
    crosshair: { vertLine: crosshair, horzLine: crosshair },
  };
}

export const FIXED_OPTIONS: DeepPartial<TimeChartOptions> = {
  autoSize: true,
  layout: {
    // The logo brings a style element of its own; the page names the library in its foot.
    attributionLogo: false,
    background: { type: ColorType.Solid, color: "transparent" },
    fontSize: 12,
  },
  grid: { vertLines: { visible: false } },
  rightPriceScale: { borderVisible: false, scaleMargins: { top: 0.1, bottom: 0.14 } },
  timeScale: {
    borderVisible: false,
    enableConflation: true,
    minBarSpacing: 0.05,
    // The navigation alone moves the chart; a window of another size shows the same stretch.
    shiftVisibleRangeOnNewBar: false,
    lockVisibleTimeRangeOnResize: true,
  },
  crosshair: { mode: CrosshairMode.Magnet },
};

export function lineOptions(theme: ChartTheme) {
  return { color: theme.text, lineWidth: 2, priceLineColor: theme.line } as const;
}

export function candleOptions({ down, line, up }: ChartTheme) {
  return {
    upColor: up,
    downColor: down,
    wickUpColor: up,
    wickDownColor: down,
    borderVisible: false,
    priceLineColor: line,
  } as const;
}
