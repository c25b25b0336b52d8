import type {
  ServerControlOf,
  ServerControlPayloads,
  ServerControlType,
  ServerEventOf,
  ServerEventPayloads,
  ServerEventType,
} from "../src/synapse/generated";

export const AT = "2018-12-24T21:00:00.000000Z";

/** One valid payload of every event. */
export const EVENTS: ServerEventPayloads = {
  regime_update: {
    timestamp: AT,
    symbol: "SPX",
    regime: "CRASH",
    previous_regime: "BEAR",
    confidence: 0.9,
    probabilities: { BULL: 0.02, BEAR: 0.05, CRASH: 0.9, SIDEWAYS: 0.03 },
    strategy_recommendation: "capital_preservation",
    target_exposure: 0,
    features: { trend: -0.5 },
    detector: { name: "anchored", version: "1", constants_hash: "abc" },
    provisional: false,
    warming_up: false,
  },
  price_alert: {
    timestamp: AT,
    alert_id: "a1",
    rule_id: "r1",
    symbol: "SPX",
    kind: "drawdown",
    severity: "critical",
    price: "2351.10",
    threshold: null,
    message: "SPX is 20 % below its high",
  },
  portfolio_update: {
    timestamp: AT,
    portfolio_id: "main",
    total_value: "104000.50",
    cash: "104000.50",
    exposure: 0,
    pnl: "4000.50",
    pnl_pct: 0.04,
    daily_pnl: "0",
    drawdown_pct: 0.1,
    benchmark_pnl_pct: null,
    positions: [
      {
        symbol: "SPX",
        quantity: "1",
        average_price: "2000",
        market_price: "2351.10",
        market_value: "2351.10",
        unrealised_pnl: "351.10",
      },
    ],
  },
  trade_execution: {
    timestamp: AT,
    trade_id: "t1",
    portfolio_id: "main",
    symbol: "SPX",
    side: "sell",
    quantity: "12.5",
    price: "2351.10",
    fees: "0",
    status: "filled",
    reason: { regime: "CRASH", confidence: 0.9, rule: "regime" },
  },
  price_update: {
    timestamp: AT,
    symbol: "SPX",
    price: "2351.10",
    open: "2400.56",
    high: null,
    low: null,
    volume: null,
    bar_s: 86_400,
    corrects: null,
  },
  system_notice: {
    timestamp: AT,
    kind: "feed_started",
    text: "spx started",
    details: { any: [1, null, "x"] },
  },
};

/** One valid payload of every control message. */
export const CONTROLS: ServerControlPayloads = {
  subscription_confirmed: {
    request_msg_id: "m",
    channels: ["regime"],
    epoch: "e1",
    head: 100,
    resumed: false,
    protocol_version: 1,
    schema_hash: "x",
    heartbeat_s: 10,
  },
  caught_up: { request_msg_id: "m", position: 100 },
  unsubscribed: { request_msg_id: "m", channels: ["regime"], symbols: null },
  pong: { request_msg_id: "m" },
  heartbeat: { head: 120, server_time: AT, channels: { regime: 119 } },
  lagging: { request_msg_id: "m", from_position: 90 },
  shutdown: { reconnect_after_s: 2 },
  error: {
    severity: "validation_error",
    code: "invalid_message",
    message: "it does not fit",
    request_msg_id: null,
    details: [{ path: "payload.channels", problem: "missing" }],
  },
};

let sent = 0;

function ids(): string {
  sent += 1;
  return `s${sent}`;
}

/** An event as it comes over the wire; `place` sets position, version and such. */
export function event<T extends ServerEventType>(
  type: T,
  payload: Partial<ServerEventPayloads[T]> = {},
  place: Partial<ServerEventOf<T>> = {},
): ServerEventOf<T> {
  const full = { ...EVENTS[type], ...payload };
  return {
    msg_id: ids(),
    timestamp: AT,
    direction: "s2c",
    position: 1,
    stream: `${type}:x`,
    version: 1,
    occurred_at: full.timestamp,
    source: "import",
    type,
    ...place,
    payload: full,
  };
}

export function control<T extends ServerControlType>(
  type: T,
  payload: Partial<ServerControlPayloads[T]> = {},
): ServerControlOf<T> {
  const full = { ...CONTROLS[type], ...payload };
  return { msg_id: ids(), timestamp: AT, direction: "s2c", type, payload: full };
}
