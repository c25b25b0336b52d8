import { cleanup, fireEvent, screen, within } from "@testing-library/preact";
import { afterEach, expect, it, vi } from "vitest";
import ComparePanel from "../../src/features/compare/ComparePanel";
import type { Comparison } from "../../src/synapse/comparison";
import { parseComparison } from "../../src/synapse/comparison";
import { renderWithStore } from "../withStore";

const found = vi.hoisted(() => ({ current: null as unknown }));

vi.mock("../../src/synapse/hooks", async (original) => ({
  ...(await original<object>()),
  useComparison: () => found.current,
}));

afterEach(cleanup);

const A = { position: 10, at: "2008-10-03T21:00:00.000000Z", state_hash: "aa" };
const B = { position: 90, at: "2008-10-10T21:00:00.000000Z", state_hash: "bb" };

const COMPARISON: Comparison = {
  a: A,
  b: B,
  symbols: {
    SPX: {
      a: {
        regime: "BEAR",
        confidence: 0.5,
        probabilities: null,
        price: "1099.23",
        strategy_recommendation: "defensive",
        target_exposure: 0.2,
      },
      b: {
        regime: "CRASH",
        confidence: 0.97,
        probabilities: null,
        price: "899.22",
        strategy_recommendation: "defensive",
        target_exposure: 0.2,
      },
      changed: ["regime", "confidence", "price"],
      price_change: -0.182,
      features: [
        { name: "high21", a: -0.4, b: -1.3, change: -0.9, contributions: { crash: 4.5, bear: 0 } },
        { name: "m126", a: -0.5, b: null, change: null, contributions: {} },
      ],
      drivers: ["high21"],
    },
  },
  portfolios: {
    main: {
      a: { total_value: "200000.00", exposure: 0.2, pnl_pct: 1 },
      b: { total_value: "190000.00", exposure: 0, pnl_pct: 0.9 },
      value_change: -0.05,
    },
  },
  counts: { events: 25, shifts: 1, alerts: 2, trades: null },
};

function show(comparison: Comparison | null, onClose = () => {}, status = "ready"): HTMLElement {
  found.current = { status, comparison };
  renderWithStore(<ComparePanel symbol="SPX" pinned={10} shown={90} onClose={onClose} />);
  return screen.getByRole("region", { name: "Compare SPX" });
}

it("shows both moments and marks what differs", () => {
  const panel = show(COMPARISON);
  const row = (name: string) => within(panel).getByRole("row", { name: new RegExp(`^${name}`) });
  expect(row("Regime").textContent).toBe("RegimeBEARCRASH");
  expect(row("Regime").dataset.changed).toBe("true");
  expect(row("Strategy").dataset.changed).toBe("false");
  expect(row("Price").textContent).toBe("Price1,099.23899.22");
  expect(panel.textContent).toContain("The price changed by −18.2%");
});

it("names the features that did it, and what each did to the scores", () => {
  const panel = show(COMPARISON);
  expect(panel.textContent).toContain("What did it: Versus 21-bar high.");
  const row = within(panel).getByRole("row", { name: /^Versus 21-bar high/ });
  expect(row.textContent).toBe("Versus 21-bar high−0.4−1.3+4.50");
});

it("tells what happened to the portfolios, and what was recorded in between", () => {
  const panel = show(COMPARISON);
  expect(within(panel).getByRole("row", { name: /^main/ }).textContent).toContain("−5.0%");
  expect(panel.textContent).toContain("In between: 25 events, 1 shifts, 2 alerts.");
});

it("says so when both moments are one, or the symbol was unknown at both", () => {
  expect(show({ ...COMPARISON, b: A }).textContent).toContain("Both are the same moment");
  cleanup();
  expect(show({ ...COMPARISON, symbols: {} }).textContent).toContain("Nothing was known of SPX");
});

it("waits, tells of a failure, and closes", () => {
  expect(show(null, () => {}, "loading").textContent).toContain("Reading the two moments");
  cleanup();
  const close = vi.fn();
  expect(show(null, close, "failed").textContent).toContain("could not be read");
  fireEvent.click(screen.getByRole("button", { name: "Unpin" }));
  expect(close).toHaveBeenCalledOnce();
});

it("reads an answer of the recorder, and refuses one that does not fit", () => {
  expect(parseComparison(JSON.parse(JSON.stringify(COMPARISON)))).toEqual(COMPARISON);
  expect(parseComparison({ ...COMPARISON, a: { position: "10" } })).toBeNull();
});
