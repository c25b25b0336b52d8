import type { ServerEvent } from "../../synapse/generated";
import { assertNever } from "../../synapse/shape";
import type { Format } from "../../ui/format";

/** What an event was, in a few words. */
export function eventWords(event: ServerEvent, { price, quantity, amount }: Format): string {
  switch (event.type) {
    case "regime_update": {
      const { previous_regime: before, provisional, regime, symbol } = event.payload;
      if (provisional) return `${symbol} may become ${regime}`;
      if (before === null) return `${symbol} began as ${regime}`;
      return before === regime
        ? `${symbol} stays ${regime}`
        : `${symbol} shifted from ${before} to ${regime}`;
    }
    case "price_update":
      return `${event.payload.symbol} at ${price(event.payload.price)}`;
    case "price_alert":
      return event.payload.message;
    case "portfolio_update":
      return `Portfolio ${event.payload.portfolio_id} at ${amount(event.payload.total_value)}`;
    case "trade_execution": {
      const { price: paid, quantity: many, side, status, symbol } = event.payload;
      const done = status === "filled" ? "" : ` (${status})`;
      const verb = side === "buy" ? "Bought" : "Sold";
      return `${verb} ${quantity(many)} ${symbol} at ${price(paid)}${done}`;
    }
    case "system_notice":
      return event.payload.text;
    default:
      return assertNever(event);
  }
}

/** So many digits of a hash are read out and compared by eye. */
const SHORT_DIGITS = 6;

export const shortHash = (hash: string): string => `${hash.slice(0, SHORT_DIGITS)}…`;
