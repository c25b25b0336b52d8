import { useState } from "react";
import { useSelected } from "../../synapse/hooks";
import { tradeKey } from "../../synapse/reducer";
import type { TradeView } from "../../synapse/view";
import { RegimeWord } from "../../ui/Glyph";
import { Origin, PaperNote } from "../../ui/Origin";
import { Empty, Panel } from "../../ui/Panel";
import { Switch } from "../../ui/Switch";
import { words } from "../../ui/format";
import { RestOfRows } from "../../ui/RestOfRows";
import { useFormat } from "../../ui/useFormat";
import { useRows } from "../../ui/useRows";

/** Trades, newest first, each with whose it is: of the chosen symbol or of all. Nothing while there is none. */
export function TradeExecutions({ symbol }: { symbol: string }) {
  const [scope, setScope] = useState<"one" | "all">("one");
  const all = useSelected(({ market }) => market.trades);
  const trades = scope === "one" ? all.filter((trade) => trade.symbol === symbol) : all;
  const { comes, left, rows, showAll } = useRows(trades);
  if (all.length === 0) return null;
  const options = { one: symbol, all: "All" };
  return (
    <Panel
      title="Trades"
      className="trades"
      aside={<Switch label="Trades of" options={options} value={scope} onChange={setScope} />}
    >
      <PaperNote sources={trades.map((trade) => trade.source)} />
      {trades.length === 0 ? (
        <Empty>None of {symbol} among the newest trades.</Empty>
      ) : (
        // A list that scrolls must be reachable by keyboard.
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <ol className="rows" tabIndex={0} aria-label="Trades" {...comes}>
          {rows.map((trade) => (
            <TradeRow key={tradeKey(trade)} trade={trade} />
          ))}
          <RestOfRows left={left} onShow={showAll} />
        </ol>
      )}
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
