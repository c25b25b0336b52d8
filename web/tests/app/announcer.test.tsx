import { act, cleanup, render } from "@testing-library/preact";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Announcer, REPLAY_EVERY_MS } from "../../src/app/Announcer";
import type { Regime } from "../../src/synapse/generated";

const page = vi.hoisted(() => ({
  market: { symbols: {} as Record<string, object> },
  machine: null as object | null,
}));

vi.mock("../../src/synapse/hooks", async (load) => ({
  ...(await load<object>()),
  useSelected: (select: (snapshot: object) => unknown) => select(page),
  useMachine: () => ({ machine: page.machine }),
}));

let rerender: (node: React.ReactNode) => void;

function show(regime: Regime | null, symbol = "SPX"): void {
  page.market = { symbols: { [symbol]: { regime: regime && { regime } } } };
  rerender(<Announcer symbol={symbol} />);
}

const replay = (clock: string | null, status = "playing"): void => {
  page.machine = { clock, status };
};

const said = (manner: "polite" | "assertive"): string =>
  [...document.querySelectorAll(`[aria-live=${manner}]`)].map((one) => one.textContent).join("");

const pass = (ms: number): void => {
  act(() => {
    vi.advanceTimersByTime(ms);
  });
};

beforeEach(() => {
  vi.useFakeTimers();
  page.machine = null;
  page.market = { symbols: {} };
  ({ rerender } = render(<Announcer symbol="SPX" />));
});

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

describe("live", () => {
  it("tells a shift, not the first regime nor another symbol", () => {
    show("BULL");
    expect(said("polite")).toBe("");
    show("BEAR");
    expect(said("polite")).toBe("SPX has shifted from BULL to BEAR.");
    show("BULL", "NDX");
    expect(said("polite")).toBe("");
  });

  it("interrupts for a crash only", () => {
    show("BEAR");
    show("CRASH");
    expect([said("polite"), said("assertive")]).toEqual(["", "SPX has shifted from BEAR to CRASH."]);
    show("BULL");
    expect([said("polite"), said("assertive")]).toEqual(["SPX has shifted from CRASH to BULL.", ""]);
  });

  it("has the regime in the title", () => {
    expect(document.title).toBe("Synapse");
    show("BEAR");
    expect(document.title).toBe("SPX BEAR · Synapse");
  });
});

describe("in a replay", () => {
  it("tells what is shown, with its day, and never interrupts", () => {
    show("BULL");
    replay("2008-10-10T20:00:00Z");
    show("CRASH");
    pass(0);
    expect(said("polite")).toBe("Replay: SPX CRASH, Oct 10, 2008.");
    expect(said("assertive")).toBe("");
    expect(document.title).toBe("REPLAY · SPX CRASH · Synapse");
  });

  it("tells at most one change in two seconds, and that is the newest", () => {
    replay(null);
    show("BULL");
    pass(0);
    for (const regime of ["BEAR", "CRASH", "SIDEWAYS"] as const) {
      show(regime);
      pass(REPLAY_EVERY_MS / 4);
      expect(said("polite")).toBe("Replay: SPX BULL.");
    }
    pass(REPLAY_EVERY_MS / 4);
    expect(said("polite")).toBe("Replay: SPX SIDEWAYS.");
  });

  it("waits until the past is there", () => {
    show("BULL");
    replay(null, "loading");
    show("BULL");
    pass(REPLAY_EVERY_MS);
    expect(said("polite")).toBe("");
  });

  it("says when the page is live again, and takes the way back for no shift", () => {
    show("BULL");
    replay(null);
    show("CRASH");
    pass(0);
    page.machine = null;
    show("BULL");
    expect([said("polite"), said("assertive")]).toEqual(["Live again: SPX is BULL.", ""]);
    expect(document.title).toBe("SPX BULL · Synapse");
  });
});
