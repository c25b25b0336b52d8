import { useComparison } from "../../synapse/hooks";
import type { Comparison } from "../../synapse/comparison";
import { Panel } from "../../ui/Panel";
import { useFormat } from "../../ui/useFormat";
import { PortfolioChanges } from "./PortfolioChanges";
import { SymbolChanges } from "./SymbolChanges";
import "./compare.css";

interface ComparePanelProps {
  readonly symbol: string;
  /** The position that was pinned. */
  readonly pinned: number;
  /** The moment that is shown, once it rests; null: the newest one there is. */
  readonly shown: number | null;
  readonly onClose: () => void;
}

/** Two moments side by side: what changed between them, and which features did it. */
export default function ComparePanel({ symbol, pinned, shown, onClose }: ComparePanelProps) {
  const { status, comparison } = useComparison(pinned, shown, symbol);
  return (
    <Panel
      title={`Compare ${symbol}`}
      className="compare"
      aside={
        <button type="button" className="small-button" onClick={onClose}>
          Unpin
        </button>
      }
    >
      {comparison ? (
        <Compared comparison={comparison} symbol={symbol} />
      ) : (
        <output className="empty">
          {status === "failed" ? "The two moments could not be read." : "Reading the two moments."}
        </output>
      )}
    </Panel>
  );
}

function Compared({ comparison, symbol }: { comparison: Comparison; symbol: string }) {
  const { a, b, counts, portfolios, symbols } = comparison;
  const change = symbols[symbol];
  return (
    <>
      {a.position === b.position && (
        <p className="hint">
          Both are the same moment. Go elsewhere in the replay, and the two are compared.
        </p>
      )}
      {change ? (
        <SymbolChanges change={change} a={a} b={b} />
      ) : (
        <p className="empty">Nothing was known of {symbol} at either moment.</p>
      )}
      <PortfolioChanges portfolios={portfolios} />
      <Counts counts={counts} />
    </>
  );
}

function Counts({ counts }: { counts: Comparison["counts"] }) {
  const { count } = useFormat();
  const told = Object.entries(counts).filter(([, number]) => number !== null);
  if (told.length === 0) return null;
  return (
    <p className="hint">
      In between: {told.map(([name, number]) => `${count(number ?? 0)} ${name}`).join(", ")}.
    </p>
  );
}
