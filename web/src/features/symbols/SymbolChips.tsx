import { useState } from "react";
import { isSimulated, type SymbolView } from "../../synapse/view";
import { RegimeWord } from "../../ui/Glyph";
import { NoRegime } from "../../ui/NoRegime";
import { useFormat } from "../../ui/useFormat";
import "./symbols.css";

/** From so many symbols on there is a field to search them. */
const SEARCH_FROM = 13;

interface SymbolChipsProps {
  readonly symbols: readonly SymbolView[];
  readonly chosen: string | null;
  readonly onChoose: (symbol: string) => void;
}

/** All symbols at a glance; the chosen one drives the card and the chart. */
export function SymbolChips({ symbols, chosen, onChoose }: SymbolChipsProps) {
  const { count } = useFormat();
  const [wanted, setWanted] = useState("");
  const shown = symbols.filter(({ symbol }) => symbol.toLowerCase().includes(wanted.toLowerCase()));
  return (
    <nav className="chips" aria-label="Symbols">
      {symbols.length >= SEARCH_FROM && (
        <input
          type="search"
          className="chips-search"
          aria-label="Search symbols"
          placeholder={`Search ${count(symbols.length)} symbols`}
          value={wanted}
          onChange={({ target }) => setWanted(target.value)}
        />
      )}
      {shown.map((view) => (
        <Chip
          key={view.symbol}
          view={view}
          isChosen={view.symbol === chosen}
          onChoose={onChoose}
        />
      ))}
    </nav>
  );
}

interface ChipProps {
  readonly view: SymbolView;
  readonly isChosen: boolean;
  readonly onChoose: (symbol: string) => void;
}

function Chip({ view, isChosen, onChoose }: ChipProps) {
  const { percent, price } = useFormat();
  const { regime } = view;
  return (
    <button
      type="button"
      className="chip"
      data-regime={regime?.regime}
      aria-pressed={isChosen}
      onClick={() => onChoose(view.symbol)}
    >
      <strong>{view.symbol}</strong>
      {view.price && <span className="chip-price">{price(view.price.price)}</span>}
      {regime ? (
        <>
          <RegimeWord regime={regime.regime} />
          <span className="chip-confidence">{percent(regime.confidence)}</span>
        </>
      ) : (
        <NoRegime />
      )}
      {isSimulated(view) && <em className="tag">simulated</em>}
    </button>
  );
}
