import { act, cleanup, fireEvent, render, screen, within } from "@testing-library/preact";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import Toasts from "../../src/features/toasts/Toasts";
import {
  EMPTY_PILE,
  type Pile,
  TICK_MS,
  TOASTS_MAX,
  TOAST_MS,
  WAITING_MAX,
  changePile,
  shownOf,
  toastOf,
} from "../../src/features/toasts/pile";
import type { ServerEvent } from "../../src/synapse/generated";
import { event } from "../samples";

const page = vi.hoisted(() => ({
  arrive: (_event: unknown): void => {},
  machine: null as object | null,
}));

vi.mock("../../src/synapse/hooks", async (load) => ({
  ...(await load<object>()),
  useArrivals: (listener: typeof page.arrive) => {
    page.arrive = listener;
  },
  useSelected: (select: (snapshot: object) => unknown) => select(page),
}));

const trade = (id: string): ServerEvent =>
  event("trade_execution", { trade_id: id, fees: "1.5" }, { source: "paper" });
const alert = (id: string): ServerEvent => event("price_alert", { alert_id: id });

function arrive(...events: ServerEvent[]): void {
  act(() => {
    for (const one of events) page.arrive(one);
  });
}

const pass = (ms: number): void => {
  act(() => {
    vi.advanceTimersByTime(ms);
  });
};

const shown = (): number => screen.queryAllByRole("article").length;

describe("toasts", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    page.machine = null;
  });

  afterEach(() => {
    cleanup();
    vi.useRealTimers();
  });

  it("are receipts of trades: what, for how much, whose, and why", () => {
    render(<Toasts />);
    arrive(trade("t1"));
    const text = within(screen.getByRole("status")).getByRole("article").textContent;
    expect(text).toContain("Sell 12.5 SPX at 2,351.10");
    expect(text).toContain("Paper tradingmain, filled, fees 1.50");
    expect(text).toContain("CRASH90% confident");
  });

  it("tell critical alerts as alerts, and no others", () => {
    render(<Toasts />);
    arrive(alert("a1"), event("price_alert", { alert_id: "a2", severity: "warning" }));
    arrive(event("price_update"), event("regime_update"));
    expect(shown()).toBe(1);
    expect(screen.getByRole("alert").textContent).toContain("SPX is 20 % below its high");
    expect(screen.getByRole("alert").textContent).toContain("critical");
  });

  it("go after their time", () => {
    render(<Toasts />);
    arrive(trade("t1"));
    pass(TOAST_MS - TICK_MS);
    expect(shown()).toBe(1);
    pass(TICK_MS);
    expect(shown()).toBe(0);
  });

  it("stay while somebody reads", () => {
    render(<Toasts />);
    arrive(trade("t1"));
    pass(TOAST_MS / 2);
    screen.getByRole("button").focus();
    pass(10 * TOAST_MS);
    expect(shown()).toBe(1);
    screen.getByRole("button").blur();
    pass(TOAST_MS / 2 - TICK_MS);
    expect(shown()).toBe(1);
    pass(TICK_MS);
    expect(shown()).toBe(0);
  });

  it("stay under the pointer", () => {
    render(<Toasts />);
    const place = screen.getByRole("region", { name: "Just now" });
    const over = vi.spyOn(place, "matches").mockImplementation((what) => what === ":hover");
    arrive(trade("t1"));
    pass(2 * TOAST_MS);
    expect(shown()).toBe(1);
    over.mockReturnValue(false);
    pass(TOAST_MS);
    expect(shown()).toBe(0);
  });

  it("are three at a time, and the rest is counted", () => {
    render(<Toasts />);
    arrive(...Array.from({ length: 20 }, (_, index) => trade(`t${index}`)));
    expect(shown()).toBe(TOASTS_MAX);
    expect(screen.getByText("and 17 more")).toBeTruthy();
    pass(TOAST_MS);
    expect(screen.queryByText(/more/)).toBeNull();
  });

  it("can be closed", () => {
    render(<Toasts />);
    arrive(trade("t1"), event("trade_execution", { trade_id: "t2", side: "buy" }));
    fireEvent.click(screen.getByRole("button", { name: "Close: Buy SPX" }));
    expect(screen.getAllByRole("article").map((one) => one.getAttribute("aria-label"))).toEqual([
      "Sell SPX",
    ]);
  });

  it("say nothing while the time machine is open, and go when it opens", () => {
    const { rerender } = render(<Toasts />);
    arrive(trade("t1"));
    page.machine = {};
    rerender(<Toasts />);
    expect(shown()).toBe(0);
    arrive(trade("t2"), alert("a1"));
    expect(shown()).toBe(0);
  });
});

const add = (pile: Pile, one: ServerEvent, now = 0): Pile =>
  changePile(pile, { do: "add", toast: toastOf(one, now)! });
const names = (pile: Pile): string[] => shownOf(pile).shown.map(({ id }) => id);

describe("the pile", () => {
  it("never hides an alert behind trades", () => {
    const events = [alert("a1"), trade("1"), trade("2"), trade("3"), alert("a2")];
    const pile = events.reduce((before, one) => add(before, one), EMPTY_PILE);
    expect(names(pile)).toEqual(["a2", "a1", "main/3"]);
  });

  it("has what comes twice once", () => {
    expect(names(add(add(EMPTY_PILE, trade("1")), trade("1"), 5))).toEqual(["main/1"]);
  });

  it("keeps so many and counts those before them, until they too would have gone", () => {
    let pile = EMPTY_PILE;
    for (let index = 0; index < WAITING_MAX + 50; index += 1) pile = add(pile, trade(`${index}`), index);
    expect(pile.toasts).toHaveLength(WAITING_MAX);
    expect(shownOf(pile).more).toBe(WAITING_MAX + 50 - TOASTS_MAX);
    const closed = changePile(pile, { do: "close", id: pile.toasts[0]!.id });
    expect(shownOf(closed).more).toBe(WAITING_MAX + 49 - TOASTS_MAX);
    const later = changePile(pile, { do: "tick", now: TOAST_MS + 50, held: false });
    expect(shownOf(later).more).toBe(WAITING_MAX - 1 - TOASTS_MAX);
  });
});
