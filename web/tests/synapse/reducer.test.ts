import { describe, expect, it } from "vitest";
import type { ServerEvent } from "../../src/synapse/generated";
import { ALERTS_MAX, applyEvent } from "../../src/synapse/reducer";
import { EMPTY_VIEW, isSimulated } from "../../src/synapse/view";
import { event } from "../samples";

const fold = (...events: ServerEvent[]) => events.reduce(applyEvent, EMPTY_VIEW);
const EARLIER = "2018-12-20T21:00:00Z";
const LATER = "2018-12-31T21:00:00Z";

describe("regimes", () => {
  it("show the newest final update, with the persona's line for it", () => {
    const view = fold(event("regime_update"));
    expect(view.symbols.SPX?.regime).toMatchObject({
      regime: "CRASH",
      persona: { name: "Big Pickle", vibe: "panic", message: "SELL EVERYTHING! 🔥" },
      strategy: "capital_preservation",
      source: "import",
    });
  });

  it("do not follow provisional updates", () => {
    const provisional = event("regime_update", { regime: "BULL", provisional: true });
    expect(fold(provisional).symbols.SPX).toBeUndefined();
    const view = fold(event("regime_update"), { ...provisional, position: 2 });
    expect(view.symbols.SPX?.regime?.regime).toBe("CRASH");
    expect(view.shifts).toHaveLength(1);
  });

  it("say since when, as long as the regime stays", () => {
    const first = event("regime_update", { timestamp: EARLIER });
    const second = event(
      "regime_update",
      { timestamp: LATER, previous_regime: "CRASH", confidence: 0.6 },
      { position: 2 },
    );
    const regime = fold(first, second).symbols.SPX?.regime;
    expect(regime).toMatchObject({ since: EARLIER, confidence: 0.6 });
  });

  it("do not pretend to know when an episode began that was joined midway", () => {
    const joined = event("regime_update", { previous_regime: "CRASH" });
    expect(fold(joined).symbols.SPX?.regime?.since).toBeNull();
  });

  it("are not taken back by an older event, which may still tell the source", () => {
    const now = event("regime_update", {}, { position: 9 });
    const old = event("regime_update", { regime: "BULL" }, { position: 3 });
    expect(fold(now, old).symbols.SPX?.regime?.regime).toBe("CRASH");
  });
});

describe("shifts", () => {
  it("are regime updates that change the regime, newest first, each once", () => {
    const first = event("regime_update", { previous_regime: null });
    const same = event("regime_update", { previous_regime: "CRASH" }, { position: 2 });
    const shift = event("regime_update", { regime: "BEAR", previous_regime: "CRASH" });
    const moved = { ...shift, position: 3 };
    const view = fold(first, same, moved, moved, { ...shift, position: 4 });
    expect(view.shifts.map((one) => [one.position, one.from, one.to])).toEqual([
      [4, "CRASH", "BEAR"],
      [3, "CRASH", "BEAR"],
    ]);
  });
});

const priced = (price: string, position: number, more: object = {}) =>
  event("price_update", { price, ...more }, { position });
const shown = (...events: ServerEvent[]) => fold(...events).symbols.SPX?.price?.price;

describe("prices", () => {
  it("show the newest; what comes late or corrects the past changes no present", () => {
    const corrected = priced("13", 4, { timestamp: EARLIER, corrects: "x" });
    const late = priced("14", 5, { timestamp: EARLIER });
    expect(shown(priced("10", 1), priced("11", 3), priced("12", 2), corrected, late)).toBe("11");
  });

  it("show the corrected price where the newest one is corrected, as the state does", () => {
    expect(shown(priced("10", 1), priced("10.5", 2, { corrects: "x" }))).toBe("10.5");
  });

  it("mark a symbol as simulated", () => {
    const view = fold(event("price_update", { symbol: "SIM" }, { source: "simulated" }));
    expect(Object.values(view.symbols).map(isSimulated)).toEqual([true]);
    expect(fold(event("price_update")).symbols.SPX).not.toSatisfy(isSimulated);
  });
});

describe("alerts, trades and portfolios", () => {
  it("keep alerts newest first, each once, and not without end", () => {
    const alerts = Array.from({ length: ALERTS_MAX + 5 }, (_, index) =>
      event("price_alert", { alert_id: `a${index}` }),
    );
    const again = event("price_alert", { alert_id: "a7" });
    const { alerts: kept } = fold(...alerts, again);
    expect(kept).toHaveLength(ALERTS_MAX);
    expect(kept[0]?.alert_id).toBe("a7");
    expect(new Set(kept.map((one) => one.alert_id)).size).toBe(ALERTS_MAX);
  });

  it("keep the last state of each portfolio with its source, whatever is told again", () => {
    const view = fold(
      event("portfolio_update", {}, { source: "paper" }),
      event("portfolio_update", { total_value: "7" }, { position: 3, source: "paper" }),
      event("portfolio_update", { total_value: "5" }, { position: 2, source: "paper" }),
      event("portfolio_update", { portfolio_id: "mine" }, { source: "api" }),
    );
    expect(Object.keys(view.portfolios)).toEqual(["main", "mine"]);
    expect(view.portfolios.main).toMatchObject({ total_value: "7", source: "paper" });
    expect(view.portfolios.mine?.source).toBe("api");
  });

  it("keep trades with their source; an id is one within its portfolio", () => {
    const view = fold(
      event("trade_execution", {}, { source: "paper" }),
      event("trade_execution", {}, { source: "paper" }),
      event("trade_execution", { portfolio_id: "mine" }, { source: "api" }),
    );
    expect(view.trades.map((one) => [one.portfolio_id, one.source])).toEqual([
      ["mine", "api"],
      ["main", "paper"],
    ]);
  });
});
