import { Suspense, lazy, useState } from "react";
import type { Bar } from "../../synapse/bars";
import { useBars } from "../../synapse/hooks";
import { RegimeWord } from "../../ui/Glyph";
import { Panel } from "../../ui/Panel";
import { Switch } from "../../ui/Switch";
import { useFormat } from "../../ui/useFormat";
import "./chart.css";

const PriceChart = lazy(() => import("./PriceChart"));
const RANGES = { all: "All", recent: "Recent" };

interface ChartPanelProps {
  readonly symbol: string;
  readonly simulated: boolean;
}

/** The price with the regimes behind it; its box is reserved before there is anything to draw. */
export function ChartPanel({ symbol, simulated }: ChartPanelProps) {
  const snapshot = useBars(symbol);
  const [range, setRange] = useState<keyof typeof RANGES>("all");
  const [hovered, setHovered] = useState<Bar | null>(null);
  const shown = hovered ?? snapshot.bars.at(-1) ?? null;
  const aside = <Switch label="Range" options={RANGES} value={range} onChange={setRange} />;
  return (
    <Panel title={`Price of ${symbol}`} className="chart-panel" aside={aside}>
      <p className="chart-legend">
        {shown && <Legend bar={shown} />}
        {simulated && <em className="tag">simulated prices</em>}
      </p>
      <div className="chart-box">
        <Suspense fallback={null}>
          <PriceChart snapshot={snapshot} range={range} onHover={setHovered} />
        </Suspense>
        {snapshot.bars.length === 0 && (
          <p className="chart-empty">{emptyWords(snapshot.status, symbol)}</p>
        )}
      </div>
    </Panel>
  );
}

function Legend({ bar }: { bar: Bar }) {
  const { moment, price } = useFormat();
  const time = new Date(bar.time * 1000).toISOString();
  return (
    <>
      <strong>{price(bar.close)}</strong>
      <time dateTime={time}>{moment(time)}</time>
      {bar.regime && <RegimeWord regime={bar.regime} />}
    </>
  );
}

function emptyWords(status: "loading" | "ready" | "failed", symbol: string): string {
  if (status === "failed") return "The prices could not be read. Trying again.";
  return status === "loading" ? "Reading prices." : `No prices of ${symbol} yet.`;
}
