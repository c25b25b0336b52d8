import { act, cleanup, fireEvent, render, screen, within } from "@testing-library/preact";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { MoodRibbon } from "../../src/features/ribbon/MoodRibbon";
import type { Lane, LaneChoice } from "../../src/synapse/lanes";
import { pageKeys } from "../../src/ui/keys";
import { Viewport } from "../../src/ui/viewport";
import { episodesOf } from "../episodes";
import { FakePast } from "../fakeMachine";
import { enter } from "../fire";

const DAY = 86_400;
const WIDTH = 1_000;
const held: { past: FakePast } = vi.hoisted(() => ({ past: null as never }));

vi.mock("../../src/synapse/hooks", async (original) => ({
  ...(await original<object>()),
  useSelected: (select: never) => held.past.hooks().useSelected(select),
  useMachine: () => held.past.hooks().useMachine(),
  useEpisodes: () => held.past.episodes,
  useLaneEpisodes: () => held.past.laneEpisodes,
}));

let past: FakePast;
let viewport: Viewport;
const choose = vi.fn<LaneChoice["choose"]>();
const at = (day: number): string => new Date(day * DAY * 1000).toISOString();

function lane(until: number, more: Partial<Lane> = {}): Lane {
  const detector = { name: "sma200", version: "1", constants_hash: "11d4" };
  const symbols = [{ symbol: "SPX", detector, until: at(until) }];
  return { name: "slow", problem: null, epoch: "e2", head: 9, symbols, ...more };
}

beforeEach(() => {
  past = new FakePast();
  held.past = past;
  choose.mockReset();
  past.episodes = episodesOf([
    { regime: "BULL", at: 0 },
    { regime: "CRASH", at: 500 * DAY },
    { regime: "SIDEWAYS", at: WIDTH * DAY },
  ]);
  past.laneEpisodes = episodesOf([
    { regime: "BULL", at: 100 * DAY },
    { regime: "BEAR", at: 600 * DAY },
  ]);
  vi.spyOn(Element.prototype, "getBoundingClientRect").mockReturnValue(
    new DOMRect(0, 0, WIDTH, 36),
  );
});

afterEach(cleanup);

async function open(one: Lane, chosen: string | null = one.name): Promise<HTMLElement> {
  const lanes = { lanes: [one], chosen, choose };
  viewport = new Viewport();
  render(<MoodRibbon symbol="SPX" viewport={viewport} lanes={lanes} />);
  return screen.findByRole("combobox", { name: "Second lane" });
}

const moment = (): HTMLElement => screen.getByRole("slider", { name: "Moment of SPX" });
const differs = (): string | null | undefined =>
  document.querySelector(".lane-differs")?.getAttribute("d");
const bar = async (): Promise<string> =>
  (await screen.findByText(/never recorded/)).closest(".lane-bar")?.textContent ?? "";

it("nothing of lanes is there without them", () => {
  render(<MoodRibbon symbol="SPX" viewport={new Viewport()} />);
  expect(document.querySelector(".lane-bar, .lane")).toBeNull();
});

it("a lane is chosen among those that there are, or none", async () => {
  const picker = await open(lane(WIDTH), null);
  expect(within(picker).getAllByRole("option").map((one) => one.textContent)).toEqual(["none", "slow"]);
  expect(document.querySelector(".lane")).toBeNull();
  enter(picker, "slow");
  expect(choose).toHaveBeenLastCalledWith("slow");
  cleanup();
  enter(await open(lane(WIDTH)), "");
  expect(choose).toHaveBeenLastCalledWith(null);
});

it("a chosen lane says what it is, and what both say of the shown moment", async () => {
  await open(lane(WIDTH));
  expect(await bar()).toContain("What-if by detector sma200 v1, never recorded");
  past.replay({ clock: at(650) });
  expect(await bar()).toContain("recorded: CRASH; slow: BEAR since Aug 24, 1971");
  expect(moment().getAttribute("aria-describedby")).toBe(document.querySelector(".lane-readout")?.id);
  past.replay({ clock: at(50) });
  expect(await bar()).toContain("recorded: BULL; slow: nothing yet");
  expect(await bar()).toContain("Not investment advice.");
});

it("the two bands are compared in what the chart shows", async () => {
  await open(lane(WIDTH));
  // From day 100 to 500 they agree, from 500 to 1,000 they do not.
  expect(await bar()).toContain("1970 to 1972: agree 44%, differ 1 time");
  expect(await bar()).not.toContain("in view");
  expect(differs()).toBe("M400 4V0H480V4zM480 4V0H800V4z");
  act(() => viewport.tell({ from: 200 * DAY, to: 400 * DAY }));
  expect(await bar()).toContain("in view: agree 100%, differ 0 times; 1970 to 1972: agree 44%, differ 1 time");
});

it("both bands are named, and a legend tells their marks and heights", async () => {
  await open(lane(WIDTH));
  await bar();
  const names = [...document.querySelectorAll(".ribbon-name")].map((one) => one.textContent);
  expect(names).toEqual(["recorded", "slow"]);
  const legend = screen.getByRole("list", { name: "Legend of the bands" });
  expect(legend.textContent).toBe("they differCRASHBULLSIDEWAYSBEAR");
});

it("the bands show what is around the chart's range, on demand, and the whole history again", async () => {
  await open(lane(WIDTH));
  await bar();
  act(() => viewport.tell({ from: 400 * DAY, to: 600 * DAY }));
  fireEvent.click(screen.getByRole("button", { name: "Chart’s range" }));
  // From day 380 to 650: 270 days on 800 columns, and they differ from day 500 on.
  expect(differs()).toBe("M355 4V0H652V4zM652 4V0H800V4z");
  const [start, end] = ["Start", "End"].map((one) =>
    screen.getByRole("slider", { name: `${one} of the chart` }),
  );
  expect([start?.style.left, end?.style.left]).toEqual(["7.4074%", "81.4815%"]);
  // The newest moment is elsewhere.
  expect(document.querySelector(".ribbon-thumb, .lane-moment")).toBeNull();
  expect(moment().getAttribute("aria-valuetext")).toContain("Live");
  fireEvent.keyDown(document.body, { key: "z" });
  expect(differs()).toBe("M400 4V0H480V4zM480 4V0H800V4z");
});

it("zoomed bands lead to the moment below the pointer, and stand still while it is held", async () => {
  await open(lane(WIDTH));
  await bar();
  act(() => viewport.tell({ from: 400 * DAY, to: 600 * DAY }));
  fireEvent.keyDown(document.body, { key: "z" });
  const pointer = { pointerId: 1, button: 0, buttons: 1 };
  fireEvent.pointerDown(moment(), { ...pointer, clientX: 500 });
  act(() => viewport.tell({ from: 0, to: 200 * DAY }));
  fireEvent.pointerUp(moment(), { ...pointer, clientX: 500 });
  // Half of the way from day 380 to 650.
  expect(past.controls.goTo).toHaveBeenLastCalledWith({ time: at(515), symbol: "SPX" });
  expect(differs()).toBe("");
});

it("the frame is widened beyond what the zoomed bands show", async () => {
  await open(lane(WIDTH));
  await bar();
  act(() => viewport.tell({ from: 400 * DAY, to: 600 * DAY }));
  fireEvent.keyDown(document.body, { key: "z" });
  const handle = screen.getByRole("slider", { name: "Start of the chart" });
  fireEvent.pointerDown(handle, { pointerId: 1, button: 0, buttons: 1, clientX: 100 });
  fireEvent.pointerMove(handle, { pointerId: 1, buttons: 1, clientX: -900 });
  fireEvent.pointerUp(handle, { pointerId: 1, clientX: -900 });
  // A thousand pixels are 270 days.
  expect(viewport.get().wanted?.from).toBeCloseTo(130 * DAY, 3);
  expect(viewport.get().wanted?.to).toBe(600 * DAY);
});

it("the choice of a lane stands where the page has a place for it", async () => {
  const foot = document.createElement("div");
  const lanes = { lanes: [lane(WIDTH)], chosen: null, choose };
  const ribbon = (place: Element | null) => (
    <MoodRibbon symbol="SPX" viewport={new Viewport()} lanes={lanes} foot={place} />
  );
  const { container, rerender } = render(ribbon(null));
  rerender(ribbon(foot));
  await vi.waitFor(() => expect(foot.querySelector("select")).not.toBeNull());
  expect(container.querySelector("select")).toBeNull();
});

it("a lane that ends is empty from there on, and says so", async () => {
  await open(lane(700));
  expect(await bar()).toContain("slow: nothing, it ends Dec 2, 1971");
  const end = document.querySelector<HTMLElement>(".lane-end");
  expect(end?.textContent).toBe("slow ends Dec 2, 1971");
  expect(end?.style.left).toBe("70.0000%");
});

it("the pointer is told what both say", async () => {
  await open(lane(WIDTH));
  await bar();
  fireEvent.pointerMove(moment(), { clientX: 650 });
  await vi.waitFor(() =>
    expect(document.querySelector(".ribbon-tip")?.textContent).toBe(
      "Oct 13, 1971recorded: CRASH since May 16, 1971slow: BEAR since Aug 24, 1971",
    ),
  );
});

it("the moment is moved along the lane, too", async () => {
  await open(lane(WIDTH));
  await bar();
  const band = document.querySelector(".lane")!;
  const pointer = { pointerId: 1, button: 0, clientX: 250 };
  fireEvent.pointerDown(band, pointer);
  fireEvent.pointerUp(band, pointer);
  expect(past.controls.goTo).toHaveBeenLastCalledWith({ time: at(250), symbol: "SPX" });
});

it("keys go to where they differ, and are in the list", async () => {
  await open(lane(WIDTH));
  await bar();
  fireEvent.keyDown(document.body, { key: "d" });
  expect(past.controls.goTo).toHaveBeenLastCalledWith({ time: at(500), symbol: "SPX" });
  past.replay({ clock: at(300) });
  fireEvent.keyDown(document.body, { key: "D" });
  expect(past.controls.goTo).toHaveBeenCalledTimes(2);
  expect(pageKeys.list().find(({ name }) => name === "Second lane")?.keys).toHaveLength(3);
});

it.each([
  [lane(WIDTH, { problem: "lane 'slow': there is no file x.db" }), "cannot be read now: lane 'slow'"],
  [lane(WIDTH, { symbols: [] }), "It has no regimes of SPX."],
])("a lane that has nothing to show says why", async (one, words) => {
  await open(one);
  expect(await bar()).toContain(words);
  expect(document.querySelector(".lane-band path[data-regime]")).toBeNull();
});
