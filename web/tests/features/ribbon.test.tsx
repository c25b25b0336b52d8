import { act, cleanup, fireEvent, render, screen } from "@testing-library/preact";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { MoodRibbon } from "../../src/features/ribbon/MoodRibbon";
import { BRUSH_MS } from "../../src/features/ribbon/useBrush";
import { SCRUB_MS } from "../../src/features/ribbon/useScrub";
import { Viewport } from "../../src/ui/viewport";
import { episodesOf } from "../episodes";
import { FakePast } from "../fakeMachine";
import { doubleClick } from "../fire";

const DAY = 86_400;
/** The line is so many pixels wide, one a day. */
const WIDTH = 1_000;
const held: { past: FakePast } = vi.hoisted(() => ({ past: null as never }));

vi.mock("../../src/synapse/hooks", async (original) => ({
  ...(await original<object>()),
  useSelected: (select: never) => held.past.hooks().useSelected(select),
  useMachine: () => held.past.hooks().useMachine(),
  useEpisodes: () => held.past.episodes,
}));

let past: FakePast;
let viewport: Viewport;

beforeEach(() => {
  vi.useFakeTimers();
  past = new FakePast();
  held.past = past;
  past.episodes = episodesOf([
    { regime: "BULL", at: 0 },
    { regime: "CRASH", at: 500 * DAY },
    { regime: "SIDEWAYS", at: WIDTH * DAY },
  ]);
  viewport = new Viewport();
  vi.spyOn(Element.prototype, "getBoundingClientRect").mockReturnValue(
    new DOMRect(0, 0, WIDTH, 36),
  );
});

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

const open = () => render(<MoodRibbon symbol="SPX" viewport={viewport} />);
const moment = (): HTMLElement => screen.getByRole("slider", { name: "Moment of SPX" });
const told = (): string | null => moment().getAttribute("aria-valuetext");
const at = (day: number): string => new Date(day * DAY * 1000).toISOString();

function drag(on: Element, from: number, to: number, more: object = {}): void {
  const pointer = { pointerId: 1, button: 0, ...more };
  fireEvent.pointerDown(on, { ...pointer, clientX: from });
  fireEvent.pointerMove(on, { ...pointer, clientX: to });
  fireEvent.pointerUp(on, { ...pointer, clientX: to });
}

/** What the chart is asked for, in days. */
function wanted(): number[] | null {
  act(() => {
    vi.advanceTimersByTime(BRUSH_MS);
  });
  const span = viewport.get().wanted;
  return span && [span.from / DAY, span.to / DAY].map(Math.round);
}

function show(from: number, to: number): void {
  act(() => viewport.tell({ from: from * DAY, to: to * DAY }));
}

describe("the scrubber", () => {
  it("says what is so now, and what was so at the replay's moment", () => {
    open();
    expect(told()).toBe("Live, SIDEWAYS since Sep 27, 1972");
    past.replay({ clock: at(600) });
    expect(told()).toBe("Aug 24, 1971, CRASH since May 16, 1971");
    expect(document.querySelector<HTMLElement>(".ribbon-future")?.style.left).toBe("60.0000%");
  });

  it("knows no regime before the first one", () => {
    open();
    past.replay({ clock: at(-600) });
    expect(told()).toBe("May 11, 1968");
    past.replay({ clock: null, status: "loading" });
    expect(told()).toBe("Sep 27, 1972, SIDEWAYS since Sep 27, 1972");
    past.replay({ clock: null, status: "paused", position: 0 });
    expect(told()).toBe("Before the first event");
    expect(document.querySelector<HTMLElement>(".ribbon-thumb")?.style.left).toBe("0.0000%");
  });

  it("goes to where it is clicked", () => {
    open();
    drag(moment(), 250, 250);
    expect(past.controls.goTo.mock.calls).toEqual([[{ time: at(250), symbol: "SPX" }]]);
    expect(told()).toContain("BULL since");
  });

  it("asks for the moment now and then while it is dragged, and for the last one in the end", () => {
    open();
    const pointer = { pointerId: 1, button: 0 };
    fireEvent.pointerDown(moment(), { ...pointer, clientX: 700 });
    for (let x = 690; x >= 300; x -= 10) fireEvent.pointerMove(moment(), { ...pointer, clientX: x });
    expect(past.controls.goTo).toHaveBeenCalledTimes(1);
    act(() => {
    vi.advanceTimersByTime(SCRUB_MS);
  });
    expect(past.controls.goTo).toHaveBeenCalledTimes(2);
    fireEvent.pointerUp(moment(), { ...pointer, clientX: 200 });
    expect(past.controls.goTo).toHaveBeenLastCalledWith({ time: at(200), symbol: "SPX" });
  });

  it("stays where it was let go until the machine has come there", () => {
    open();
    drag(moment(), 250, 250);
    past.replay({ status: "loading", position: 88_210, clock: at(999) });
    expect(told()).toContain("Sep 8, 1970");
    past.replay({ status: "paused", position: 7, clock: at(251) });
    expect(told()).toContain("Sep 9, 1970");
  });

  it("is live at its right end", () => {
    open();
    past.replay({ clock: at(600) });
    drag(moment(), 600, WIDTH - 1);
    expect(past.controls.close).toHaveBeenCalledTimes(1);
    act(() => {
    vi.advanceTimersByTime(SCRUB_MS * 2);
  });
    expect(past.controls.goTo).not.toHaveBeenCalled();
  });

  it("goes by keys: a bar, a shift, the beginning, and live", () => {
    open();
    fireEvent.keyDown(moment(), { key: "ArrowRight" });
    expect(past.controls.stepBars).not.toHaveBeenCalled();
    fireEvent.keyDown(moment(), { key: "ArrowLeft" });
    expect(past.controls.stepBars).toHaveBeenLastCalledWith("SPX", -1);
    past.replay();
    fireEvent.keyDown(moment(), { key: "ArrowRight" });
    expect(past.controls.stepBars).toHaveBeenLastCalledWith("SPX", 1);
    fireEvent.keyDown(moment(), { key: "PageDown" });
    expect(past.controls.previousShift).toHaveBeenCalledWith("SPX");
    fireEvent.keyDown(moment(), { key: "PageUp" });
    expect(past.controls.nextShift).toHaveBeenCalledWith("SPX");
    fireEvent.keyDown(moment(), { key: "Home" });
    expect(past.controls.goTo).toHaveBeenCalledWith({ time: at(0), symbol: "SPX" });
    fireEvent.keyDown(moment(), { key: "End" });
    expect(past.controls.close).toHaveBeenCalledTimes(1);
  });

  it("tells what was below the pointer", () => {
    open();
    fireEvent.pointerMove(moment(), { clientX: 510 });
    const tip = document.querySelector(".ribbon-tip");
    expect(tip?.textContent).toBe("May 26, 1971CRASH since May 16, 1971");
    fireEvent.pointerLeave(moment().parentElement!);
    expect(document.querySelector(".ribbon-tip")).toBeNull();
  });
});

describe("the brush", () => {
  it("shows what the chart shows, and asks it for another stretch at the handles", () => {
    open();
    expect(screen.getAllByRole("slider")).toHaveLength(1);
    show(400, 600);
    drag(screen.getByRole("slider", { name: "Start of the chart" }), 400, 300);
    expect(wanted()).toEqual([300, 600]);
    show(300, 600);
    const end = screen.getByRole("slider", { name: "End of the chart" });
    fireEvent.keyDown(end, { key: "ArrowRight" });
    expect(wanted()).toEqual([300, 615]);
    expect(end.getAttribute("aria-valuetext")).toBe("Sep 8, 1971");
  });

  it("draws a new stretch along the upper edge, or with Shift, and moves no moment", () => {
    open();
    drag(document.querySelector(".ribbon-lane")!, 100, 200);
    expect(wanted()).toEqual([100, 200]);
    drag(moment(), 800, 700, { shiftKey: true });
    expect(wanted()).toEqual([700, 800]);
    expect(past.controls.goTo).not.toHaveBeenCalled();
  });

  it("moves as a whole by its upper edge", () => {
    open();
    show(400, 600);
    drag(document.querySelector(".ribbon-frame-bar")!, 500, 550);
    expect(wanted()).toEqual([450, 650]);
  });

  it("gives the usual stretch back at a double-click", () => {
    open();
    show(400, 600);
    doubleClick(document.querySelector(".ribbon-lane")!);
    expect(viewport.get()).toMatchObject({ wanted: null, request: 1 });
  });
});

it("marks the years", () => {
  open();
  const years = [...document.querySelectorAll(".ribbon-tick")].map((tick) => tick.textContent);
  expect(years).toEqual(["1971", "1972"]);
});

it("says so where there is no history", () => {
  past.episodes = [];
  open();
  expect(screen.getByText("No regimes of SPX yet.")).toBeTruthy();
});
