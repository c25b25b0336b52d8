import type { TradeExecution } from "../../synapse/generated";
import { useSelected } from "../../synapse/hooks";
import { Panel } from "../../ui/Panel";
import { moment, price, words } from "../../ui/format";

/** Executed trades, newest first; nothing while there is none. */
export function TradeList() {
  const trades = useSelected(({ market }) => market.trades);
  if (trades.length === 0) return null;
  return (
    <Panel title="Trades" className="trades" aside={<span className="quiet">paper</span>}>
      {/* A list that scrolls must be reachable by keyboard. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <ol className="rows" tabIndex={0} aria-label="Trades">
        {trades.map((trade) => (
          <TradeRow key={trade.trade_id} trade={trade} />
        ))}
      </ol>
    </Panel>
  );
}

function TradeRow({ trade }: { trade: TradeExecution }) {
  return (
    <li>
      <span className="row-line">
        <strong>{words(trade.side)}</strong>
        <span>
          {price(trade.quantity)} {trade.symbol} at {price(trade.price)}
        </span>
        <time dateTime={trade.timestamp}>{moment(trade.timestamp)}</time>
      </span>
      <span className="quiet">
        {trade.status}
        {trade.reason && `, ${trade.reason.rule} in ${trade.reason.regime}`}
      </span>
    </li>
  );
}
