import type { Holding } from "../../synapse/generated";
import { Empty } from "../../ui/Panel";
import { useFormat } from "../../ui/useFormat";

interface PositionsProps {
  readonly of: string;
  readonly positions: readonly Holding[];
}

/** What a portfolio holds; a short has a negative quantity. */
export function Positions({ of, positions }: PositionsProps) {
  const { amount, price, quantity, signedAmount } = useFormat();
  if (positions.length === 0) return <Empty>No open position.</Empty>;
  return (
    // A list that scrolls must be reachable by keyboard.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <ul className="rows positions" tabIndex={0} aria-label={`Positions of ${of}`}>
      {positions.map((one) => (
        <li key={one.symbol}>
          <span className="row-line">
            <strong>{one.symbol}</strong>
            <span>{quantity(one.quantity)}</span>
            <span className="quiet">at {price(one.average_price)} on average</span>
          </span>
          <span className="row-line">
            <span>worth {amount(one.market_value)}</span>
            <span className="end">{signedAmount(one.unrealised_pnl)} unrealised</span>
          </span>
        </li>
      ))}
    </ul>
  );
}
