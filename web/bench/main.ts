import { LineSeries, type UTCTimestamp, createChart } from "lightweight-charts";
import "../src/app/tokens.css";
import "../src/features/chart/chart.css";
import type { Bar } from "../src/synapse/bars";
import { ChartView } from "../src/features/chart/chartView";
import { readTheme } from "../src/features/chart/theme";
import { formatFor } from "../src/ui/format";
import { Viewport } from "../src/ui/viewport";
import { MadeMarket } from "./market";

/** What one run has measured; read by benchmarks/frames.py. */
interface Frames {
  /** Milliseconds from one animation frame to the next. */
  readonly intervals: number[];
  readonly updates: number;
}

declare global {
  interface Window {
    measured?: Frames;
  }
}

const asked = new URLSearchParams(window.location.search);
const number = (name: string, usual: number): number => Number(asked.get(name) ?? usual);
const seconds = number("seconds", 10);
const updatesPerSecond = number("updates", 60);
const inView = number("view", number("bars", 5000));
const market = new MadeMarket(number("bars", 5000), number("bands", 60));
const box = document.querySelector<HTMLElement>("#box");
if (!box) throw new Error("the page has no #box");

const point = ({ close, time }: Bar) => ({ time: time as UTCTimestamp, value: close });

/** The peer: the library as its own first example uses it, with one line and nothing behind it. */
function plain(element: HTMLElement): void {
  const chart = createChart(element, { autoSize: true, timeScale: { minBarSpacing: 0.05 } });
  const series = chart.addSeries(LineSeries);
  series.setData(market.read().bars.map(point));
  const { length } = market.read().bars;
  chart.timeScale().setVisibleLogicalRange({ from: length - inView, to: length });
  market.subscribe(() => {
    const last = market.read().bars.at(-1);
    if (last) series.update(point(last));
  });
}

if (asked.get("chart") === "plain") plain(box);
else ours(box);

function ours(element: HTMLElement): ChartView {
  const format = formatFor("en", "UTC");
  const viewport = new Viewport();
  const { bars } = market.read();
  const [first, last] = [bars.at(-inView), bars.at(-1)];
  if (first && last && inView < bars.length) viewport.ask({ from: first.time, to: last.time });
  return new ChartView(element, market, viewport, readTheme(element), format, () => {});
}

/** Updates by the clock, so that a slow frame is not excused from any. */
function measure(): void {
  const intervals: number[] = [];
  const began = performance.now();
  let updates = 0;
  let before = began;
  const timer = setInterval(() => {
    const due = ((performance.now() - began) / 1000) * updatesPerSecond;
    for (; updates < due; updates += 1) market.tick();
  }, 1000 / Math.max(updatesPerSecond, 1));
  const frame = (now: number): void => {
    intervals.push(now - before);
    before = now;
    if (now - began < seconds * 1000) requestAnimationFrame(frame);
    else {
      clearInterval(timer);
      window.measured = { intervals: intervals.slice(1), updates };
    }
  };
  requestAnimationFrame(frame);
}

if (asked.get("measure") !== "no") setTimeout(measure, 1000);
