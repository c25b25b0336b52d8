import { Suspense, lazy, useCallback, useState, useSyncExternalStore } from "react";
import { useBarFeed } from "../../synapse/hooks";
import { Boundary } from "../../ui/Boundary";
import { Panel } from "../../ui/Panel";
import { Switch } from "../../ui/Switch";
import { again } from "../../ui/again";
import { Viewport } from "../../ui/viewport";
import { ChartLegend } from "./ChartLegend";
import type { Hovered } from "./drawing";
import { type FeedStatus, useFeedStatus, useOffered } from "./feedHooks";
import { RANGES, type Range } from "./ranges";
import { Told } from "./told";
import "./chart.css";

const PriceChart = lazy(() => again(() => import("./PriceChart")));

interface ChartPanelProps {
  readonly symbol: string;
  readonly simulated: boolean;
  /** Where chart and ribbon meet; without one the chart is alone. */
  readonly viewport?: Viewport;
}

/** The price with the regimes behind it; its box is reserved before there is anything to draw. */
export function ChartPanel({ symbol, simulated, viewport: given }: ChartPanelProps) {
  const [own] = useState(() => new Viewport());
  const viewport = given ?? own;
  const feed = useBarFeed(symbol);
  const status = useFeedStatus(feed);
  const [ranges, setRanges] = useState<Readonly<Record<string, Range>>>({});
  const [hovered] = useState(() => new Told<Hovered | null>(null));
  const range = ranges[symbol] ?? "all";
  const choose = useCallback(
    (chosen: Range): void => {
      setRanges((known) => ({ ...known, [symbol]: chosen }));
      // The same range once more, or one after the brush: back to where it belongs.
      if (chosen === range || viewport.get().wanted !== null) viewport.ask(null);
    },
    [range, symbol, viewport],
  );
  const options = Object.fromEntries(useOffered(feed).map((name) => [name, RANGES[name]]));
  const brushed = useSyncExternalStore(viewport.subscribe, () => viewport.get().wanted !== null);
  const aside = (
    <Switch
      label="Range"
      options={options as Record<Range, string>}
      value={brushed ? ("" as Range) : range}
      onChange={choose}
    />
  );
  return (
    <Panel title={`Price of ${symbol}`} className="chart-panel" aside={aside}>
      <ChartLegend feed={feed} hovered={hovered} simulated={simulated} />
      <div className="chart-body">
        <Boundary fallback={<p className="chart-empty">The chart could not be loaded. Reload the page.</p>}>
          <Suspense fallback={null}>
            <PriceChart feed={feed} viewport={viewport} range={range} hovered={hovered} />
          </Suspense>
        </Boundary>
        {status !== "ready" && <p className="chart-empty">{emptyWords(status, symbol)}</p>}
      </div>
    </Panel>
  );
}

function emptyWords(status: Exclude<FeedStatus, "ready">, symbol: string): string {
  if (status === "failed") return "The prices could not be read. Trying again.";
  return status === "loading" ? "Reading prices." : `No prices of ${symbol} yet.`;
}
