// Generated from the server's Pydantic models: do not edit. `python -m app.stream.generate` rewrites it.
import {
  anything,
  decimal,
  either,
  flag,
  fraction,
  integer,
  list,
  map,
  nullable,
  number,
  oneOf,
  record,
  text,
  time,
  typed,
} from "./shape";

/** An exact number as a fixed-point decimal string. */
export type Decimal = string;
/** An RFC 3339 time. */
export type Time = string;

/** What a price alert is about. */
export const ALERT_KIND_VALUES = ["price_above", "price_below", "percent_move", "volatility_spike", "drawdown", "new_high", "new_low", "regime_shift"] as const;
export type AlertKind = (typeof ALERT_KIND_VALUES)[number];

/** How loud a price alert is. */
export const ALERT_SEVERITY_VALUES = ["info", "warning", "critical"] as const;
export type AlertSeverity = (typeof ALERT_SEVERITY_VALUES)[number];

/** A token, where no header or subprotocol could carry one. */
export interface AuthenticatePayload {
  readonly token: string;
}

/** The history is complete up to `position`; what follows is live. */
export interface CaughtUpPayload {
  readonly request_msg_id: string;
  readonly position: number;
}

/** The kind of stream that a client asks for. */
export const CHANNEL_VALUES = ["regime", "price_alerts", "portfolio", "trades", "prices", "system"] as const;
export type Channel = (typeof CHANNEL_VALUES)[number];

/** What happens to events while the client is behind. */
export const DELIVERY_VALUES = ["every", "latest"] as const;
export type Delivery = (typeof DELIVERY_VALUES)[number];

/** Which detector said so: enough to reproduce it. */
export interface DetectorStamp {
  readonly name: string;
  readonly version: string;
  readonly constants_hash: string;
}

/** Why a message could not be served; the connection lives on. */
export interface ErrorPayload {
  readonly severity: Severity;
  readonly code: string;
  readonly message: string;
  readonly request_msg_id: string | null;
  readonly details: ReadonlyArray<Problem>;
}

/** So many events a second, whatever their market time. */
export interface EventRate {
  readonly events_per_s: number;
}

/** Everything that matches up to `head` has been sent; `channels` has the newest position of each. */
export interface HeartbeatPayload {
  readonly head: number;
  readonly server_time: Time;
  readonly channels: Readonly<Partial<Record<Channel, number>>>;
}

/** Everything after a position: how a client resumes. */
export interface HistoryAfter {
  readonly after: number;
}

/** The newest `last` events of each stream. */
export interface HistoryLast {
  readonly last: number;
}

/** Everything from the first position whose market time is not before `since`. */
export interface HistorySince {
  readonly since: Time;
}

/** One position of a portfolio, marked at the market. */
export interface Holding {
  readonly symbol: string;
  readonly quantity: Decimal;
  readonly average_price: Decimal;
  readonly market_price: Decimal;
  readonly market_value: Decimal;
  readonly unrealised_pnl: Decimal;
}

export type JsonValue = unknown;

/** The client fell behind: delivery goes on from the store, after `from_position`. */
export interface LaggingPayload {
  readonly request_msg_id: string;
  readonly from_position: number;
}

/** What a system notice tells. */
export const NOTICE_KIND_VALUES = ["feed_started", "feed_stopped", "alert_rule_set", "alert_rule_removed", "alert_acknowledged", "correction"] as const;
export type NoticeKind = (typeof NOTICE_KIND_VALUES)[number];

/** Nothing: the answer is a pong. */
export type PingPayload = Readonly<Record<string, never>>;

/** The server's answer to a ping. */
export interface PongPayload {
  readonly request_msg_id: string;
}

/** What a portfolio is worth; exposure and the `_pct` fields are fractions of value (0.05 = 5 %). */
export interface PortfolioUpdate {
  readonly timestamp: Time;
  readonly portfolio_id: string;
  readonly total_value: Decimal;
  readonly cash: Decimal;
  readonly exposure: number;
  readonly pnl: Decimal;
  readonly pnl_pct: number;
  readonly daily_pnl: Decimal;
  readonly drawdown_pct: number;
  readonly benchmark_pnl_pct: number | null;
  readonly positions: ReadonlyArray<Holding>;
}

/** A rule that fired on a symbol's price or regime. */
export interface PriceAlert {
  readonly timestamp: Time;
  readonly alert_id: string;
  readonly rule_id: string;
  readonly symbol: string;
  readonly kind: AlertKind;
  readonly severity: AlertSeverity;
  readonly price: Decimal;
  readonly threshold: Decimal | null;
  readonly message: string;
}

/** A price: a ready bar (open, high, low and `bar_s` set; `timestamp` is its close) or a bare tick. */
export interface PriceUpdate {
  readonly timestamp: Time;
  readonly symbol: string;
  readonly price: Decimal;
  readonly open: Decimal | null;
  readonly high: Decimal | null;
  readonly low: Decimal | null;
  readonly volume: Decimal | null;
  readonly bar_s: number | null;
  readonly corrects: string | null;
}

/** One thing that is wrong with a message: where, and what. */
export interface Problem {
  readonly path: string;
  readonly problem: string;
}

/** What kind of market it is. */
export const REGIME_VALUES = ["BULL", "BEAR", "CRASH", "SIDEWAYS"] as const;
export type Regime = (typeof REGIME_VALUES)[number];

/** The regime of one symbol, with its confidence and the reasons for it. */
export interface RegimeUpdate {
  readonly timestamp: Time;
  readonly symbol: string;
  readonly regime: Regime;
  readonly previous_regime: Regime | null;
  readonly confidence: number;
  readonly probabilities: Readonly<Partial<Record<Regime, number>>>;
  readonly strategy_recommendation: Strategy;
  readonly target_exposure: number;
  readonly features: Readonly<Record<string, number>>;
  readonly detector: DetectorStamp;
  readonly provisional: boolean;
  readonly warming_up: boolean;
}

/** Nothing: go to the first shift after here. */
export type ReplayNextShiftPayload = Readonly<Record<string, never>>;

/** Nothing: stop the clock. */
export type ReplayPausePayload = Readonly<Record<string, never>>;

/** Nothing: go to the last shift before here. */
export type ReplayPreviousShiftPayload = Readonly<Record<string, never>>;

/** Nothing: let the clock run on. */
export type ReplayResumePayload = Readonly<Record<string, never>>;

/** Where to go on from: right after a position, or at a market time. */
export interface ReplaySeekPayload {
  readonly position?: number | null;
  readonly time?: Time | null;
}

/** The projected state right after `position`, as `GET /api/state?position=` gives it. */
export interface ReplaySnapshotPayload {
  readonly request_msg_id: string;
  readonly position: number;
  readonly state_hash: string;
  readonly state: Readonly<Record<string, JsonValue>>;
}

/** How fast from now on. */
export interface ReplaySpeedPayload {
  readonly speed: number | "max" | EventRate;
}

/** Which streams to replay, from where to where, and how fast. */
export interface ReplayStartPayload {
  readonly channels: ReadonlyArray<Channel>;
  readonly symbols?: ReadonlyArray<string> | null;
  readonly after?: number | null;
  readonly since?: Time | null;
  readonly before?: number | null;
  readonly until?: Time | null;
  readonly epoch?: string | null;
  readonly speed?: number | "max" | EventRate;
}

/** Where a replay stands: all that was chosen up to `position` has been sent, or is in the snapshot. */
export interface ReplayStatePayload {
  readonly request_msg_id: string | null;
  readonly status: ReplayStatus;
  readonly clock: Time | null;
  readonly position: number;
  readonly begin: number;
  readonly end: number;
  readonly speed: number | "max" | EventRate;
}

/** What a replay is doing; finished when nothing is left to send. */
export const REPLAY_STATUS_VALUES = ["playing", "paused", "finished"] as const;
export type ReplayStatus = (typeof REPLAY_STATUS_VALUES)[number];

/** So many events at once, and then a pause. */
export interface ReplayStepPayload {
  readonly events?: number;
}

/** Whose problem an error is. */
export const SEVERITY_VALUES = ["validation_error", "business_logic_error", "system_error"] as const;
export type Severity = (typeof SEVERITY_VALUES)[number];

/** The server goes away; come back after this many seconds. */
export interface ShutdownPayload {
  readonly reconnect_after_s: number;
}

/** What the regime recommends; no investment advice. */
export const STRATEGY_VALUES = ["trend_following", "range_trading", "defensive", "capital_preservation"] as const;
export type Strategy = (typeof STRATEGY_VALUES)[number];

/** Which streams the client wants, and how much of their past. */
export interface SubscribePayload {
  readonly channels: ReadonlyArray<Channel>;
  readonly user_id?: string | null;
  readonly symbols?: ReadonlyArray<string> | null;
  readonly history?: HistoryLast | HistoryAfter | HistorySince | "all" | "none";
  readonly epoch?: string | null;
  readonly delivery?: Delivery;
}

/** The server's answer to a subscribe; history follows, then `caught_up`, then live events. */
export interface SubscriptionConfirmedPayload {
  readonly request_msg_id: string;
  readonly channels: ReadonlyArray<Channel>;
  readonly epoch: string;
  readonly head: number;
  readonly resumed: boolean;
  readonly protocol_version: number;
  readonly schema_hash: string;
  readonly heartbeat_s: number;
}

/** Something that happened to the recorder itself. */
export interface SystemNotice {
  readonly timestamp: Time;
  readonly kind: NoticeKind;
  readonly text: string;
  readonly details: Readonly<Record<string, JsonValue>>;
}

/** An order that met the market. */
export interface TradeExecution {
  readonly timestamp: Time;
  readonly trade_id: string;
  readonly portfolio_id: string;
  readonly symbol: string;
  readonly side: TradeSide;
  readonly quantity: Decimal;
  readonly price: Decimal;
  readonly fees: Decimal;
  readonly status: TradeStatus;
  readonly reason: TradeReason | null;
}

/** Why a trade was made. */
export interface TradeReason {
  readonly regime: Regime;
  readonly confidence: number;
  readonly rule: string;
}

/** Which way a trade went. */
export const TRADE_SIDE_VALUES = ["buy", "sell"] as const;
export type TradeSide = (typeof TRADE_SIDE_VALUES)[number];

/** How much of an order was executed. */
export const TRADE_STATUS_VALUES = ["filled", "partial", "rejected"] as const;
export type TradeStatus = (typeof TRADE_STATUS_VALUES)[number];

/** Which streams the client no longer wants; all symbols unless it names some. */
export interface UnsubscribePayload {
  readonly channels: ReadonlyArray<Channel>;
  readonly symbols?: ReadonlyArray<string> | null;
}

/** The server's answer to an unsubscribe. */
export interface UnsubscribedPayload {
  readonly request_msg_id: string;
  readonly channels: ReadonlyArray<Channel>;
  readonly symbols: ReadonlyArray<string> | null;
}

/** The payload of each ClientMessage, by its type. */
export interface ClientMessagePayloads {
  subscribe: SubscribePayload;
  unsubscribe: UnsubscribePayload;
  ping: PingPayload;
  authenticate: AuthenticatePayload;
}
export type ClientMessageType = keyof ClientMessagePayloads;
export interface ClientMessageOf<T extends ClientMessageType> {
  readonly msg_id: string;
  readonly timestamp: Time;
  readonly direction: "c2s";
  readonly type: T;
  readonly payload: ClientMessagePayloads[T];
}
/** A union that narrows by `type`. */
export type ClientMessage = { [T in ClientMessageType]: ClientMessageOf<T> }[ClientMessageType];

/** The payload of each ServerControl, by its type. */
export interface ServerControlPayloads {
  subscription_confirmed: SubscriptionConfirmedPayload;
  caught_up: CaughtUpPayload;
  unsubscribed: UnsubscribedPayload;
  pong: PongPayload;
  heartbeat: HeartbeatPayload;
  lagging: LaggingPayload;
  shutdown: ShutdownPayload;
  error: ErrorPayload;
}
export type ServerControlType = keyof ServerControlPayloads;
export interface ServerControlOf<T extends ServerControlType> {
  readonly msg_id: string;
  readonly timestamp: Time;
  readonly direction: "s2c";
  readonly type: T;
  readonly payload: ServerControlPayloads[T];
}
/** A union that narrows by `type`. */
export type ServerControl = { [T in ServerControlType]: ServerControlOf<T> }[ServerControlType];

/** The payload of each ReplayCommand, by its type. */
export interface ReplayCommandPayloads {
  replay_start: ReplayStartPayload;
  replay_pause: ReplayPausePayload;
  replay_resume: ReplayResumePayload;
  replay_seek: ReplaySeekPayload;
  replay_speed: ReplaySpeedPayload;
  replay_step: ReplayStepPayload;
  replay_next_shift: ReplayNextShiftPayload;
  replay_previous_shift: ReplayPreviousShiftPayload;
}
export type ReplayCommandType = keyof ReplayCommandPayloads;
export interface ReplayCommandOf<T extends ReplayCommandType> {
  readonly msg_id: string;
  readonly timestamp: Time;
  readonly direction: "c2s";
  readonly type: T;
  readonly payload: ReplayCommandPayloads[T];
}
/** A union that narrows by `type`. */
export type ReplayCommand = { [T in ReplayCommandType]: ReplayCommandOf<T> }[ReplayCommandType];

/** The payload of each ReplayControl, by its type. */
export interface ReplayControlPayloads {
  replay_state: ReplayStatePayload;
  replay_snapshot: ReplaySnapshotPayload;
}
export type ReplayControlType = keyof ReplayControlPayloads;
export interface ReplayControlOf<T extends ReplayControlType> {
  readonly msg_id: string;
  readonly timestamp: Time;
  readonly direction: "s2c";
  readonly type: T;
  readonly payload: ReplayControlPayloads[T];
}
/** A union that narrows by `type`. */
export type ReplayControl = { [T in ReplayControlType]: ReplayControlOf<T> }[ReplayControlType];

/** The payload of each ServerEvent, by its type. */
export interface ServerEventPayloads {
  regime_update: RegimeUpdate;
  price_alert: PriceAlert;
  portfolio_update: PortfolioUpdate;
  trade_execution: TradeExecution;
  price_update: PriceUpdate;
  system_notice: SystemNotice;
}
export type ServerEventType = keyof ServerEventPayloads;
export interface ServerEventOf<T extends ServerEventType> {
  readonly msg_id: string;
  readonly timestamp: Time;
  readonly direction: "s2c";
  readonly position: number;
  readonly stream: string;
  readonly version: number;
  readonly occurred_at: Time;
  readonly source: string;
  readonly type: T;
  readonly payload: ServerEventPayloads[T];
}
/** A union that narrows by `type`. */
export type ServerEvent = { [T in ServerEventType]: ServerEventOf<T> }[ServerEventType];

const caughtUpPayloadGuard = record({ request_msg_id: text, position: integer });
const detectorStampGuard = record({ name: text, version: text, constants_hash: text });
const problemGuard = record({ path: text, problem: text });
const severityGuard = oneOf(...SEVERITY_VALUES);
const errorPayloadGuard = record({
  severity: severityGuard,
  code: text,
  message: text,
  request_msg_id: nullable(text),
  details: list(problemGuard),
});
const eventRateGuard = record({ events_per_s: number });
const heartbeatPayloadGuard = record({
  head: integer,
  server_time: time,
  channels: map(integer),
});
const holdingGuard = record({
  symbol: text,
  quantity: decimal,
  average_price: decimal,
  market_price: decimal,
  market_value: decimal,
  unrealised_pnl: decimal,
});
const laggingPayloadGuard = record({ request_msg_id: text, from_position: integer });
const pongPayloadGuard = record({ request_msg_id: text });
const portfolioUpdateGuard = record({
  timestamp: time,
  portfolio_id: text,
  total_value: decimal,
  cash: decimal,
  exposure: number,
  pnl: decimal,
  pnl_pct: number,
  daily_pnl: decimal,
  drawdown_pct: number,
  benchmark_pnl_pct: nullable(number),
  positions: list(holdingGuard),
});
const alertKindGuard = oneOf(...ALERT_KIND_VALUES);
const alertSeverityGuard = oneOf(...ALERT_SEVERITY_VALUES);
const priceAlertGuard = record({
  timestamp: time,
  alert_id: text,
  rule_id: text,
  symbol: text,
  kind: alertKindGuard,
  severity: alertSeverityGuard,
  price: decimal,
  threshold: nullable(decimal),
  message: text,
});
const priceUpdateGuard = record({
  timestamp: time,
  symbol: text,
  price: decimal,
  open: nullable(decimal),
  high: nullable(decimal),
  low: nullable(decimal),
  volume: nullable(decimal),
  bar_s: nullable(integer),
  corrects: nullable(text),
});
const regimeGuard = oneOf(...REGIME_VALUES);
const strategyGuard = oneOf(...STRATEGY_VALUES);
const regimeUpdateGuard = record({
  timestamp: time,
  symbol: text,
  regime: regimeGuard,
  previous_regime: nullable(regimeGuard),
  confidence: fraction,
  probabilities: map(fraction),
  strategy_recommendation: strategyGuard,
  target_exposure: fraction,
  features: map(number),
  detector: detectorStampGuard,
  provisional: flag,
  warming_up: flag,
});
const jsonValueGuard = anything;
const replaySnapshotPayloadGuard = record({
  request_msg_id: text,
  position: integer,
  state_hash: text,
  state: map(jsonValueGuard),
});
const replayStatusGuard = oneOf(...REPLAY_STATUS_VALUES);
const replayStatePayloadGuard = record({
  request_msg_id: nullable(text),
  status: replayStatusGuard,
  clock: nullable(time),
  position: integer,
  begin: integer,
  end: integer,
  speed: either(number, oneOf("max"), eventRateGuard),
});
const shutdownPayloadGuard = record({ reconnect_after_s: number });
const channelGuard = oneOf(...CHANNEL_VALUES);
const subscriptionConfirmedPayloadGuard = record({
  request_msg_id: text,
  channels: list(channelGuard),
  epoch: text,
  head: integer,
  resumed: flag,
  protocol_version: integer,
  schema_hash: text,
  heartbeat_s: number,
});
const noticeKindGuard = oneOf(...NOTICE_KIND_VALUES);
const systemNoticeGuard = record({
  timestamp: time,
  kind: noticeKindGuard,
  text: text,
  details: map(jsonValueGuard),
});
const tradeReasonGuard = record({
  regime: regimeGuard,
  confidence: fraction,
  rule: text,
});
const tradeSideGuard = oneOf(...TRADE_SIDE_VALUES);
const tradeStatusGuard = oneOf(...TRADE_STATUS_VALUES);
const tradeExecutionGuard = record({
  timestamp: time,
  trade_id: text,
  portfolio_id: text,
  symbol: text,
  side: tradeSideGuard,
  quantity: decimal,
  price: decimal,
  fees: decimal,
  status: tradeStatusGuard,
  reason: nullable(tradeReasonGuard),
});
const unsubscribedPayloadGuard = record({
  request_msg_id: text,
  channels: list(channelGuard),
  symbols: nullable(list(text)),
});

const serverControlEnvelope = record({
  msg_id: text,
  timestamp: time,
  direction: oneOf("s2c"),
});
const serverControlPayloads = {
  subscription_confirmed: subscriptionConfirmedPayloadGuard,
  caught_up: caughtUpPayloadGuard,
  unsubscribed: unsubscribedPayloadGuard,
  pong: pongPayloadGuard,
  heartbeat: heartbeatPayloadGuard,
  lagging: laggingPayloadGuard,
  shutdown: shutdownPayloadGuard,
  error: errorPayloadGuard,
};
/** Whether a type's name is one of ServerControl. */
export const isServerControlType = (type: string): type is ServerControlType =>
  Object.hasOwn(serverControlPayloads, type);
/** Whether a value is a sound ServerControl; fields that it does not know do not matter. */
export const isServerControl = (value: unknown): value is ServerControl =>
  serverControlEnvelope(value) && typed(serverControlPayloads)(value);

const replayControlEnvelope = record({
  msg_id: text,
  timestamp: time,
  direction: oneOf("s2c"),
});
const replayControlPayloads = {
  replay_state: replayStatePayloadGuard,
  replay_snapshot: replaySnapshotPayloadGuard,
};
/** Whether a type's name is one of ReplayControl. */
export const isReplayControlType = (type: string): type is ReplayControlType =>
  Object.hasOwn(replayControlPayloads, type);
/** Whether a value is a sound ReplayControl; fields that it does not know do not matter. */
export const isReplayControl = (value: unknown): value is ReplayControl =>
  replayControlEnvelope(value) && typed(replayControlPayloads)(value);

const serverEventEnvelope = record({
  msg_id: text,
  timestamp: time,
  direction: oneOf("s2c"),
  position: integer,
  stream: text,
  version: integer,
  occurred_at: time,
  source: text,
});
const serverEventPayloads = {
  regime_update: regimeUpdateGuard,
  price_alert: priceAlertGuard,
  portfolio_update: portfolioUpdateGuard,
  trade_execution: tradeExecutionGuard,
  price_update: priceUpdateGuard,
  system_notice: systemNoticeGuard,
};
/** Whether a type's name is one of ServerEvent. */
export const isServerEventType = (type: string): type is ServerEventType =>
  Object.hasOwn(serverEventPayloads, type);
/** Whether a value is a sound ServerEvent; fields that it does not know do not matter. */
export const isServerEvent = (value: unknown): value is ServerEvent =>
  serverEventEnvelope(value) && typed(serverEventPayloads)(value);

export const PROTOCOL_VERSION = 1;

export const DEFAULT_PERSONA = "big_pickle";

export const PERSONAS = {
  "big_pickle": {
    "name": "Big Pickle",
    "lines": {
      "BULL": {
        "vibe": "bull",
        "look": "green, neon",
        "message": "TO THE MOON! 🚀"
      },
      "BEAR": {
        "vibe": "bear",
        "look": "red",
        "message": "Time to be careful 🐻"
      },
      "CRASH": {
        "vibe": "panic",
        "look": "red, pulsing",
        "message": "SELL EVERYTHING! 🔥"
      },
      "SIDEWAYS": {
        "vibe": "neutral",
        "look": "standard",
        "message": "Steady as she goes 😐"
      }
    }
  },
  "minimax": {
    "name": "MiniMax",
    "lines": {
      "BULL": {
        "vibe": "bull",
        "look": "green, neon",
        "message": "The trend is up."
      },
      "BEAR": {
        "vibe": "bear",
        "look": "red",
        "message": "The trend is down; caution is due."
      },
      "CRASH": {
        "vibe": "panic",
        "look": "red, pulsing",
        "message": "Prices are falling fast."
      },
      "SIDEWAYS": {
        "vibe": "neutral",
        "look": "standard",
        "message": "No clear direction."
      }
    }
  }
} as const;
