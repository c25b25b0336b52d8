import { isSimulated, type SymbolView } from "../../synapse/view";
import { RegimeWord } from "../../ui/Glyph";
import "./symbols.css";

interface SymbolChipsProps {
  readonly symbols: readonly SymbolView[];
  readonly chosen: string | null;
  readonly onChoose: (symbol: string) => void;
}

/** All symbols at a glance; the chosen one drives the card and the chart. */
export function SymbolChips({ symbols, chosen, onChoose }: SymbolChipsProps) {
  return (
    <nav className="chips" aria-label="Symbols">
      {symbols.map((view) => (
        <button
          key={view.symbol}
          type="button"
          className="chip"
          data-regime={view.regime?.regime}
          aria-pressed={view.symbol === chosen}
          onClick={() => onChoose(view.symbol)}
        >
          <strong>{view.symbol}</strong>
          {view.regime ? <RegimeWord regime={view.regime.regime} /> : <span>no regime yet</span>}
          {isSimulated(view) && <em className="tag">simulated</em>}
        </button>
      ))}
    </nav>
  );
}
