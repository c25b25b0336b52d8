import { expect, it, vi } from "vitest";
import { httpApi } from "../../src/synapse/api";
import { applyEvent } from "../../src/synapse/reducer";
import { type StateResponse, parseState, withState } from "../../src/synapse/state";
import { EMPTY_VIEW } from "../../src/synapse/view";
import { event } from "../samples";
import { STATE } from "../state";

const state = parseState(STATE) as StateResponse;

const priced = (price: string, position: number, timestamp: string) =>
  event("price_update", { price, timestamp }, { position });

it("reads the state, also of a symbol that has no regime yet", () => {
  const view = withState(EMPTY_VIEW, state);
  expect(view.symbols.SPX?.regime).toMatchObject({
    regime: "BEAR",
    persona: { vibe: "bear", message: "Time to be careful 🐻" },
    since: "2018-10-24T21:00:00.000000Z",
    position: 100,
  });
  expect(view.symbols.NEW).toMatchObject({ regime: null, price: { price: "1.5" } });
  expect(view.alerts.map((one) => one.alert_id)).toEqual(["new", "old"]);
  expect(view.disclaimer).toBe("Not investment advice. At all.");
});

it("lets what the socket brought stand, and fills in since when", () => {
  const live = event(
    "regime_update",
    { regime: "BEAR", previous_regime: "BEAR", confidence: 0.7 },
    { position: 101 },
  );
  const view = withState(applyEvent(EMPTY_VIEW, live), state);
  expect(view.symbols.SPX?.regime).toMatchObject({
    confidence: 0.7,
    since: "2018-10-24T21:00:00.000000Z",
    position: 101,
  });
});

it("takes the place of older history, but keeps its source", () => {
  const without = { ...state, symbols: { SPX: { ...state.symbols.SPX!, source: null } } };
  const old = event("regime_update", {}, { position: 60, source: "simulated" });
  const view = withState(applyEvent(EMPTY_VIEW, old), without);
  expect(view.symbols.SPX?.regime).toMatchObject({ regime: "BEAR", source: "simulated" });
});

it("speaks with the server's persona from then on", () => {
  const persona = { name: "MiniMax", message: "The trend is down.", look: "red" };
  const sober = { ...state, symbols: { SPX: { ...state.symbols.SPX!, persona } } };
  const view = applyEvent(
    withState(EMPTY_VIEW, sober),
    event("regime_update", { regime: "BULL" }, { position: 101 }),
  );
  expect(view.symbols.SPX?.regime?.persona.message).toBe("The trend is up.");
});

it("takes over portfolios and trades with their source; a newer one of the socket's stays", () => {
  const update = { total_value: "7" };
  const of = (position: number) =>
    withState(
      applyEvent(EMPTY_VIEW, event("portfolio_update", update, { position, source: "api" })),
      state,
    ).portfolios.main;
  expect(of(101)).toMatchObject({ total_value: "7", source: "api" });
  expect(of(99)).toMatchObject({ total_value: "104000.50", source: "paper" });
  expect(withState(EMPTY_VIEW, state).trades[0]?.source).toBe("paper");
});

it("does not guess a source that the state does not tell", () => {
  const { source: _, ...told } = STATE.portfolios.main;
  const view = withState(EMPTY_VIEW, parseState({ ...STATE, portfolios: { main: told } })!);
  expect(view.portfolios.main?.source).toBeNull();
});

it("knows by the history how old the state's price is, so that a late one is no news", () => {
  const last = priced("2506.85", 90, "2018-12-31T21:00:00Z");
  const late = priced("1", 101, "2018-12-28T21:00:00Z");
  const before = withState(applyEvent(EMPTY_VIEW, last), state);
  const after = applyEvent(withState(EMPTY_VIEW, state), last);
  for (const view of [before, after]) {
    expect(applyEvent(view, late).symbols.SPX?.price?.price).toBe("2506.85");
  }
});

it.each([
  null,
  [],
  {},
  { ...STATE, position: "1" },
  { ...STATE, symbols: { SPX: { price: 3 } } },
  { ...STATE, alerts: [{}] },
  { ...STATE, trades: [{ ...STATE.trades[0], source: 7 }] },
])("refuses what is not a state", (wrong) => {
  expect(parseState(wrong)).toBeNull();
});

it("asks beside the page, and says what went wrong", async () => {
  const get = vi.fn<typeof fetch>();
  const api = httpApi("http://host/under/", get);
  get.mockResolvedValueOnce(Response.json(STATE));
  await expect(api.state()).resolves.toMatchObject({ epoch: "e1" });
  get.mockResolvedValueOnce(Response.json({}));
  await expect(api.state()).rejects.toThrow("does not fit");
  get.mockResolvedValueOnce(new Response("", { status: 503 }));
  await expect(api.bars("^A/B")).rejects.toThrow("503");
  expect(get.mock.calls.map(([url]) => String(url))).toEqual([
    "http://host/under/api/state",
    "http://host/under/api/state",
    "http://host/under/api/bars?symbol=%5EA%2FB&points=1500",
  ]);
});
