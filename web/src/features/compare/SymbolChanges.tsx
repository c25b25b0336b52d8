import type { ReactNode } from "react";
import type { ComparedMoment, ComparedSymbol, SymbolChange } from "../../synapse/comparison";
import { RegimeWord } from "../../ui/Glyph";
import { words } from "../../ui/format";
import { useFormat } from "../../ui/useFormat";
import { FeatureChanges } from "./FeatureChanges";

interface SymbolChangesProps {
  readonly change: SymbolChange;
  readonly a: ComparedMoment;
  readonly b: ComparedMoment;
}

/** One symbol at the two moments, row by row; what differs is marked. */
export function SymbolChanges({ change, a, b }: SymbolChangesProps) {
  const { count, exact, percent, price, signedPercent } = useFormat();
  const row = (name: string, label: string, write: (one: ComparedSymbol) => ReactNode) => (
    <tr data-changed={change.changed.includes(name)}>
      <th scope="row">{label}</th>
      <td>{change.a ? write(change.a) : "unknown"}</td>
      <td>{change.b ? write(change.b) : "unknown"}</td>
    </tr>
  );
  const head = (label: string, { at, position }: ComparedMoment) => (
    <th scope="col">
      {label}
      <small className="quiet">
        {at ? exact(at) : "before the first event"}, position {count(position)}
      </small>
    </th>
  );
  return (
    <>
      <table className="compare-table">
        <thead>
          <tr>
            <th scope="col">What</th>
            {head("Pinned", a)}
            {head("Shown", b)}
          </tr>
        </thead>
        <tbody>
          {row("regime", "Regime", ({ regime }) => (regime ? <RegimeWord regime={regime} /> : "none"))}
          {row("confidence", "Confidence", ({ confidence }) => share(confidence, percent))}
          {row("price", "Price", (one) => (one.price === null ? "none" : price(one.price)))}
          {row("strategy_recommendation", "Strategy", (one) =>
            one.strategy_recommendation === null ? "none" : words(one.strategy_recommendation),
          )}
          {row("target_exposure", "Target exposure", (one) => share(one.target_exposure, percent))}
        </tbody>
      </table>
      {change.price_change !== null && (
        <p>
          The price changed by <strong>{signedPercent(change.price_change)}</strong>. Not investment
          advice.
        </p>
      )}
      <FeatureChanges change={change} />
    </>
  );
}

const share = (value: number | null, percent: (value: number) => string): string =>
  value === null ? "none" : percent(value);
