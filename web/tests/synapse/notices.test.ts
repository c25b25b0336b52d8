import { describe, expect, it } from "vitest";
import type { ServerEvent, SystemNotice } from "../../src/synapse/generated";
import {
  ACKNOWLEDGED_MAX,
  NOTICES_MAX,
  concerns,
  stoppedFeed,
} from "../../src/synapse/notices";
import { applyEvent } from "../../src/synapse/reducer";
import { parseState, withState } from "../../src/synapse/state";
import { EMPTY_VIEW, type MarketView, originWords } from "../../src/synapse/view";
import { event } from "../samples";
import { STATE } from "../state";

const fold = (...events: ServerEvent[]) => events.reduce(applyEvent, EMPTY_VIEW);
const notice = (
  kind: SystemNotice["kind"],
  details: SystemNotice["details"],
  position = 1,
): ServerEvent => event("system_notice", { kind, details }, { position });
const seen = (alert_id: string) => notice("alert_acknowledged", { alert_id });
const acknowledged = (view: MarketView) =>
  view.alerts.map((one) => [one.alert_id, one.acknowledged]);
const started = (feed: string, position: number) =>
  notice("feed_started", { feed, symbols: ["SPX"] }, position);
const stopped = (feed: string, position: number, reason: unknown = "ended") =>
  notice("feed_stopped", { feed, symbols: ["SPX"], reason }, position);

describe("an acknowledgement", () => {
  it("marks its alert at once, and is no notice to show", () => {
    const view = fold(event("price_alert"), event("price_alert", { alert_id: "a2" }), seen("a1"));
    expect(acknowledged(view)).toEqual([
      ["a2", false],
      ["a1", true],
    ]);
    expect(view.notices).toEqual([]);
  });

  it("holds when the alert comes after it, or once more", () => {
    expect(acknowledged(fold(seen("a1"), event("price_alert")))).toEqual([["a1", true]]);
    const again = fold(event("price_alert"), seen("a1"), event("price_alert"));
    expect(acknowledged(again)).toEqual([["a1", true]]);
  });

  it("is known from the state too, whichever comes first, state or history", () => {
    const state = parseState(STATE)!;
    const alerts = ["old", "new"].map((alert_id) => event("price_alert", { alert_id }));
    const expected = [
      ["new", false],
      ["old", true],
    ];
    expect(acknowledged(withState(fold(...alerts), state))).toEqual(expected);
    expect(acknowledged(alerts.reduce(applyEvent, withState(EMPTY_VIEW, state)))).toEqual(expected);
    expect(acknowledged(withState(fold(seen("new")), state))[0]).toEqual(["new", true]);
  });

  it("is not kept without end, and one that names no alert is left alone", () => {
    const many = Array.from({ length: ACKNOWLEDGED_MAX + 5 }, (_, index) => seen(`a${index}`));
    const view = fold(...many, notice("alert_acknowledged", { alert_id: 7 }));
    expect(view.acknowledged.size).toBe(ACKNOWLEDGED_MAX);
    expect(view.acknowledged.has("a4")).toBe(false);
  });
});

describe("notices", () => {
  it("are kept newest first, each once, and not without end", () => {
    const many = Array.from({ length: NOTICES_MAX + 5 }, (_, index) =>
      notice("correction", { symbol: "SPX" }, index + 1),
    );
    const { notices } = fold(...many, ...many.slice(-2));
    expect(notices.map((one) => one.position)).toEqual(
      Array.from({ length: NOTICES_MAX }, (_, index) => NOTICES_MAX + 5 - index),
    );
  });

  it("concern the symbols that they name, or all", () => {
    const { notices } = fold(
      notice("correction", { symbol: "SPX" }, 1),
      notice("feed_started", { feed: "a", symbols: ["SIM", "ABC"] }, 2),
      notice("alert_rule_removed", { rule_id: "x" }, 3),
      notice("alert_rule_set", { rule_id: "x", symbol: null }, 4),
      notice("feed_started", { feed: "b", symbols: [7] }, 5),
    );
    const of = (symbol: string) =>
      notices.filter((one) => concerns(one, symbol)).map((one) => one.position);
    expect(of("SPX")).toEqual([5, 4, 3, 1]);
    expect(of("SIM")).toEqual([5, 4, 3, 2]);
  });
});

describe("a symbol's feed", () => {
  it("has stopped when it said so, until it says that it is back", () => {
    const view = fold(started("a", 1), stopped("a", 2, "stalled"));
    expect(stoppedFeed(view, "SPX")).toMatchObject({ name: "a", reason: "stalled" });
    expect(stoppedFeed(view, "SIM")).toBeNull();
    expect(stoppedFeed(applyEvent(view, started("a", 3)), "SPX")).toBeNull();
  });

  it("does not matter while another one plays; of several that stopped the last one counts", () => {
    const view = fold(stopped("a", 1), started("b", 2));
    expect(stoppedFeed(view, "SPX")).toBeNull();
    expect(stoppedFeed(applyEvent(view, stopped("b", 3, 7)), "SPX")).toMatchObject({
      name: "b",
      reason: null,
    });
  });

  it("is not made up of a notice that names none", () => {
    expect(fold(notice("feed_stopped", { symbols: ["SPX"] })).feeds).toEqual({});
  });
});

it("names whose trades they are by their source alone", () => {
  expect(["paper", "api", "import", "manual", null].map(originWords)).toEqual([
    "Paper trading",
    "Own trades",
    "Own trades",
    "Manual test",
    "Unknown source",
  ]);
});
