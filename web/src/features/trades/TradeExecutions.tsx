import { useSelected } from "../../synapse/hooks";
import { tradeKey } from "../../synapse/reducer";
import type { TradeView } from "../../synapse/view";
import { RegimeWord } from "../../ui/Glyph";
import { Origin, PaperNote } from "../../ui/Origin";
import { Panel } from "../../ui/Panel";
import { words } from "../../ui/format";
import { useFormat } from "../../ui/useFormat";

/** Trades, newest first, each with whose it is; nothing while there is none. */
export function TradeExecutions() {
  const trades = useSelected(({ market }) => market.trades);
  if (trades.length === 0) return null;
  return (
    <Panel title="Trades" className="trades">
      <PaperNote sources={trades.map((trade) => trade.source)} />
      {/* A list that scrolls must be reachable by keyboard. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <ol className="rows" tabIndex={0} aria-label="Trades">
        {trades.map((trade) => (
          <TradeRow key={tradeKey(trade)} trade={trade} />
        ))}
      </ol>
    </Panel>
  );
}

function TradeRow({ trade }: { trade: TradeView }) {
  const { amount, moment, percent, price, quantity } = useFormat();
  const { reason } = trade;
  return (
    <li>
      <span className="row-line">
        <strong>{words(trade.side)}</strong>
        <span>
          {quantity(trade.quantity)} {trade.symbol} at {price(trade.price)}
        </span>
        <time dateTime={trade.timestamp}>{moment(trade.timestamp)}</time>
      </span>
      <span className="row-line">
        <Origin source={trade.source} />
        <span className="quiet">
          {trade.portfolio_id}, {trade.status}, fees {amount(trade.fees)}
        </span>
      </span>
      {reason && (
        <span className="row-line quiet">
          <RegimeWord regime={reason.regime} />
          <span>{percent(reason.confidence)} confident</span>
          <span>rule {reason.rule}</span>
        </span>
      )}
    </li>
  );
}
