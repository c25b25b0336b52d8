import { useContext, useMemo } from "react";
import type { Channel } from "../../synapse/generated";
import { type Span, SynapseContext, useHidden, useStateHash } from "../../synapse/hooks";
import { Switch } from "../../ui/Switch";
import { useKeys } from "../../ui/keys";
import { useFormat } from "../../ui/useFormat";
import { MarkSwitch } from "./MarkSwitch";
import { TakeAway } from "./TakeAway";
import type { Picture } from "./chartView";
import type { Style } from "./drawing";
import type { MarkKind } from "./marks";
import { readTheme } from "./theme";

const STYLES = { line: "Line", candles: "Candles" } as const;

const ALERTS: readonly Channel[] = ["price_alerts"];
const TRADES: readonly Channel[] = ["trades"];

interface ChartToolsProps {
  readonly symbol: string;
  readonly span: Span | null;
  readonly picture: () => Promise<Picture | null>;
  readonly style: Style;
  readonly onStyle: (style: Style) => void;
  readonly hidden: ReadonlySet<MarkKind>;
  readonly onHidden: (hidden: ReadonlySet<MarkKind>) => void;
}

/** Below the chart: what the shapes mean, line or candles, and what can be taken away. */
export function ChartTools(props: ChartToolsProps) {
  const { symbol, span, picture, style, onStyle, hidden, onHidden } = props;
  const savePng = useSavePng(symbol, picture);
  useKeys({ w: { label: "Save the chart as PNG", run: savePng } }, "Chart");
  return (
    <div className="chart-tools">
      <MarkSwitch missing={useMissing()} hidden={hidden} onChange={onHidden} />
      <span className="chart-tools-end">
        <Switch label="Style" options={STYLES} value={style} onChange={onStyle} />
        <TakeAway symbol={symbol} span={span} onPng={savePng} />
      </span>
    </div>
  );
}

/** The kinds of marks that the page may not show; there is no chart without shifts. */
function useMissing(): ReadonlySet<MarkKind> {
  const alerts = useHidden(ALERTS).length > 0;
  const trades = useHidden(TRADES).length > 0;
  return useMemo(() => {
    const missing = new Set<MarkKind>();
    if (alerts) missing.add("alert");
    if (trades) missing.add("trade");
    return missing;
  }, [alerts, trades]);
}

/** Saves the chart with a caption that tells of which moment it is, and of which state. */
function useSavePng(symbol: string, picture: () => Promise<Picture | null>): () => void {
  const format = useFormat();
  const hashOf = useStateHash();
  // Asked when it is needed: the position changes with every event, and the chart may still be loading.
  const store = useContext(SynapseContext);
  return () => {
    savePng().catch((error: unknown) => console.warn("synapse: the picture was not saved", error));
  };

  async function savePng(): Promise<void> {
    const { savePicture } = await import("./picture");
    const chart = await picture();
    if (!chart) return;
    const snapshot = store?.getSnapshot();
    const machine = snapshot?.machine ?? null;
    const position = machine?.position ?? snapshot?.position ?? 0;
    const hash = machine?.stateHash ?? (await hashOf(position).catch(() => ""));
    const theme = readTheme(document.body);
    await savePicture(chart, { symbol, at: machine?.clock ?? null, position, hash, format, theme });
  }
}
