import { AT, EVENTS } from "./samples";

/** An answer of `GET /api/state`, as the server writes it. */
export const STATE = {
  epoch: "e1",
  position: 100,
  symbols: {
    SPX: {
      regime: "BEAR",
      vibe: "bear",
      persona: { name: "Big Pickle", message: "Time to be careful 🐻", look: "red" },
      confidence: 0.4,
      probabilities: { BULL: 0.3, BEAR: 0.4, CRASH: 0.1, SIDEWAYS: 0.2 },
      strategy_recommendation: "defensive",
      target_exposure: 0.2,
      since: "2018-10-24T21:00:00.000000Z",
      price: "2506.85",
      features: { trend: -0.5 },
      detector: { name: "anchored", version: "1", constants_hash: "abc" },
      warming_up: false,
      source: "feed:spx",
    },
    NEW: {
      regime: null,
      vibe: null,
      persona: null,
      confidence: null,
      probabilities: null,
      strategy_recommendation: null,
      target_exposure: null,
      since: null,
      price: "1.5",
      features: null,
      detector: null,
      warming_up: null,
      source: null,
    },
  },
  portfolios: { main: { ...EVENTS.portfolio_update, source: "paper" } },
  alerts: [
    { ...EVENTS.price_alert, alert_id: "old", acknowledged: true },
    { ...EVENTS.price_alert, alert_id: "new", acknowledged: false },
  ],
  trades: [{ ...EVENTS.trade_execution, source: "paper" }],
  alert_rules: [],
  state_hash: "x",
  as_of: { position: 100, occurred_at: AT, recorded_at: AT },
  disclaimer: "Not investment advice. At all.",
};
