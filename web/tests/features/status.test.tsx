import { cleanup, screen, within } from "@testing-library/preact";
import { afterEach, describe, expect, it } from "vitest";
import { MarketStatusCard } from "../../src/features/status/MarketStatusCard";
import type { Regime, ServerEventOf } from "../../src/synapse/generated";
import { applyEvent, symbolView } from "../../src/synapse/reducer";
import { EMPTY_VIEW, type SymbolView } from "../../src/synapse/view";
import { event } from "../samples";
import { renderWithStore } from "../withStore";

afterEach(cleanup);

function view(
  payload: Partial<ServerEventOf<"regime_update">["payload"]> = {},
  source = "feed:spx",
): SymbolView {
  const market = [event("price_update", {}, { source }), event("regime_update", payload, { source })];
  return symbolView(market.reduce(applyEvent, EMPTY_VIEW), "SPX");
}

const probabilities = (of: Regime): Record<Regime, number> => ({
  BULL: 0.1,
  BEAR: 0.1,
  CRASH: 0.1,
  SIDEWAYS: 0.1,
  [of]: 0.7,
});

function show(one: SymbolView, stale: string | null = null): HTMLElement {
  renderWithStore(<MarketStatusCard view={one} stale={stale} />);
  return screen.getByRole("region", { name: "Market status of SPX" });
}

describe("the four vibes", () => {
  it.each([
    ["BULL", "bull", "TO THE MOON! 🚀"],
    ["BEAR", "bear", "Time to be careful 🐻"],
    ["CRASH", "panic", "SELL EVERYTHING! 🔥"],
    ["SIDEWAYS", "neutral", "Steady as she goes 😐"],
  ] as const)("%s looks %s and says %s", (regime, vibe, message) => {
    const card = show(view({ regime, probabilities: probabilities(regime) }));
    expect(card.dataset).toMatchObject({ vibe, regime, live: "true" });
    expect(screen.getByText(message)).toBeTruthy();
    expect(screen.getByText("Big Pickle")).toBeTruthy();
    expect(within(card).getAllByText(regime).length).toBeGreaterThan(1);
    expect(card.querySelectorAll("svg.glyph").length).toBeGreaterThan(4);
    expect(screen.queryByText(/more probable/)).toBeNull();
  });
});

describe("the card", () => {
  it("says how sure it is, since when, what follows and why", () => {
    const card = show(view());
    expect(card.textContent).toContain("90% confident");
    expect(card.textContent).toContain("since Dec 24, 2018");
    expect(card.textContent).toContain("Capital preservation");
    expect(card.textContent).toContain("target exposure 0%");
    expect(screen.getByText("Not investment advice")).toBeTruthy();
    expect(card.textContent).toContain("Versus 200-bar average−0.50");
    expect(card.textContent).toContain("Detector anchored 1");
    expect(card.textContent).toContain("SPXS&P 5002,351.10");
    const bars = [...card.querySelectorAll(".bar-value")].map((bar) => bar.getAttribute("width"));
    expect(bars).toEqual(["2", "5", "90", "3"]);
  });

  it("gives the reasons in the detector's units, and names what it does not know as it came", () => {
    const features = { high21: -0.67, vol: 0.158, wild_variance: 0.000321, constructor: 2 };
    const card = show(view({ features }));
    const reasons = [...card.querySelectorAll(".reasons dl > div")].map((one) => one.textContent);
    expect(reasons).toEqual([
      "Versus 21-bar high−0.67",
      "Usual volatility, a year16%",
      "wild_variance0.000321",
      "constructor2",
    ]);
    expect(card.querySelectorAll(".needle")).toHaveLength(1);
    expect(card.textContent).toContain("In units of the usual volatility of a year");
  });

  it("gives the reasons in a sentence where it knows what they mean", () => {
    const features = { trend: -0.98, high21: -0.8, dv: 1.29, vol: 0.19 };
    expect(show(view({ features })).querySelector(".why")?.textContent).toBe(
      "The price is 17.0% below its 200-bar average and 14.1% below its high of 21 bars; " +
        "falls are 3.6 times the usual size.",
    );
    cleanup();
    const calm = { trend: 0.2, high21: 0, dv: 0.1, vol: 0.1 };
    expect(show(view({ features: calm })).querySelector(".why")?.textContent).toBe(
      "The price is 2.0% above its 200-bar average and at its high of 21 bars; " +
        "falls are of the usual size.",
    );
    cleanup();
    expect(show(view({ features: { gap: 0.01 } })).querySelector(".why")).toBeNull();
  });

  it("explains no unit of a detector that has none of its own", () => {
    expect(show(view({ features: { gap: 0.01 } })).textContent).not.toContain("In units of");
  });

  it("explains a regime that is not the most probable one", () => {
    const card = show(view({ probabilities: probabilities("BEAR") }));
    expect(card.textContent).toContain("BEAR is more probable at this moment");
    expect(card.textContent).toContain("holds CRASH");
  });

  it("greys out and tells its age while it is not live", () => {
    const card = show(view(), "last known, 42 s ago");
    expect(card.dataset.live).toBe("false");
    expect(screen.getByText("last known, 42 s ago")).toBeTruthy();
    expect(screen.getByText("SELL EVERYTHING! 🔥")).toBeTruthy();
  });

  it.each([
    ["manual", "manual test broadcast"],
    ["simulated", "simulated"],
  ])("labels what is %s", (source, label) => {
    show(view({}, source));
    expect(screen.getByText(label)).toBeTruthy();
  });

  it("labels nothing that is real, and says when the detector is warming up", () => {
    const card = show(view());
    expect(card.querySelectorAll(".tag")).toHaveLength(0);
    cleanup();
    show(view({ warming_up: true }));
    expect(screen.getByText("warming up")).toBeTruthy();
  });

  it("waits for the first regime", () => {
    const card = show({ symbol: "SPX", regime: null, price: null });
    expect(card.dataset.vibe).toBe("none");
    expect(screen.getByText("Waiting for the first regime")).toBeTruthy();
  });
});
