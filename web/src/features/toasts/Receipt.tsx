import type { ReactNode } from "react";
import type { PriceAlert } from "../../synapse/generated";
import type { TradeView } from "../../synapse/view";
import { Cross } from "../../ui/Dialog";
import { RegimeWord } from "../../ui/Glyph";
import { Origin } from "../../ui/Origin";
import { Severity } from "../../ui/Severity";
import { words } from "../../ui/format";
import { useFormat } from "../../ui/useFormat";

interface FrameProps {
  readonly name: string;
  readonly severity?: "critical";
  readonly onClose: () => void;
  readonly children: ReactNode;
}

function Frame({ name, severity, onClose, children }: FrameProps) {
  return (
    <article className="toast" data-severity={severity} aria-label={name}>
      <div className="toast-body">{children}</div>
      <button type="button" className="toast-close" aria-label={`Close: ${name}`} onClick={onClose}>
        <Cross />
      </button>
    </article>
  );
}

/** A trade's receipt: what, for how much, whose, and why. */
export function TradeToast({ trade, onClose }: { trade: TradeView; onClose: () => void }) {
  const { amount, percent, price, quantity } = useFormat();
  const { reason } = trade;
  return (
    <Frame name={`${words(trade.side)} ${trade.symbol}`} onClose={onClose}>
      <p>
        <strong>{words(trade.side)}</strong> {quantity(trade.quantity)} {trade.symbol} at{" "}
        {price(trade.price)}
      </p>
      <p className="toast-line">
        <Origin source={trade.source} />
        <span>
          {trade.portfolio_id}, {trade.status}, fees {amount(trade.fees)}
        </span>
      </p>
      {reason && (
        <p className="toast-line">
          <RegimeWord regime={reason.regime} />
          <span>{percent(reason.confidence)} confident</span>
        </p>
      )}
    </Frame>
  );
}

/** A critical alert. */
export function AlertToast({ alert, onClose }: { alert: PriceAlert; onClose: () => void }) {
  const { price } = useFormat();
  return (
    <Frame name={`Alert ${alert.symbol}`} severity="critical" onClose={onClose}>
      <p className="toast-line">
        <Severity severity={alert.severity} />
        <strong>{alert.symbol}</strong>
      </p>
      <p>{alert.message || words(alert.kind)}</p>
      <p className="toast-line">at {price(alert.price)}</p>
    </Frame>
  );
}
