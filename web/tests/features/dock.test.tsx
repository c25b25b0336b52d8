import { cleanup, fireEvent, render, screen } from "@testing-library/preact";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Dock } from "../../src/features/dock/Dock";
import { LinkNotice } from "../../src/features/dock/LinkNotice";
import { ReplayBadge } from "../../src/features/dock/ReplayBadge";
import { ReplayFrame } from "../../src/features/dock/ReplayFrame";
import { episodesOf } from "../episodes";
import { FakePast, HASH } from "../fakeMachine";
import { event } from "../samples";
import { enter, submit } from "../fire";

const held: { past: FakePast } = vi.hoisted(() => ({ past: null as never }));

vi.mock("../../src/synapse/hooks", async (original) => ({
  ...(await original<object>()),
  useSelected: (select: never) => held.past.hooks().useSelected(select),
  useMachine: () => held.past.hooks().useMachine(),
  useHidden: (needs: never) => held.past.hooks().useHidden(needs),
  useEpisodes: () => held.past.episodes,
}));

let past: FakePast;
const onPin = vi.fn();
const onCopyLink = vi.fn();

beforeEach(() => {
  past = new FakePast();
  held.past = past;
  onPin.mockReset();
  onCopyLink.mockReset();
});

afterEach(cleanup);

const open = (compare: number | null = null) =>
  render(
    <Dock
      symbol="SPX"
      ribbon={<i>ribbon</i>}
      compare={compare}
      onPin={onPin}
      onCopyLink={onCopyLink}
    />,
  );
const button = (name: string): HTMLButtonElement => screen.getByRole("button", { name });
const press = (key: string): boolean => fireEvent.keyDown(document.body, { key });
const text = (): string => screen.getByRole("region", { name: "Time machine" }).textContent ?? "";

const announced = (): string | null | undefined =>
  document.querySelector("[aria-live]")?.textContent;

describe("the dock while live", () => {
  it("says so, and leads into the past", () => {
    open();
    expect(screen.getByText("LIVE")).toBeTruthy();
    fireEvent.click(button("Replay history"));
    expect(past.controls.previousShift).toHaveBeenCalledWith("SPX");
    expect(past.controls.setSpeed).not.toHaveBeenCalled();
    expect(screen.queryByText("Back to live")).toBeNull();
  });

  it("has no way into the past while nothing may be read, but one out of it", () => {
    open();
    past.tell({ connection: { name: "signed_out", reason: "over" } });
    expect(screen.getByText("NOT LIVE")).toBeTruthy();
    expect(screen.queryByRole("button")).toBeNull();
    press("[");
    expect(past.controls.previousShift).not.toHaveBeenCalled();
    past.replay();
    press("Escape");
    expect(past.controls.close).toHaveBeenCalledTimes(1);
  });

  it("has neither a ribbon nor a hint of one where the page may not show regimes", () => {
    past.hidden = ["regime"];
    open();
    expect(screen.queryByText("ribbon")).toBeNull();
    expect(screen.queryByText(/Drag along the ribbon/)).toBeNull();
    expect(button("Replay history")).toBeTruthy();
    past.tell({ live: { ...past.snapshot.live, symbols: {} } });
    past.replay();
    expect(text()).toContain("Live: SPX regime not in your token");
  });

  it("does not say live while the line is down, or the feed at its end", () => {
    open();
    past.tell({ connection: { name: "stale" } });
    expect(screen.queryByText("LIVE")).toBeNull();
    expect(screen.getByText("NOT LIVE")).toBeTruthy();
    const feed = { name: "f", symbols: ["SPX"], running: false, reason: "ended", recordedAt: "", position: 1 };
    past.tell({ connection: { name: "live" }, live: { ...past.snapshot.live, feeds: { f: feed } } });
    expect(screen.getByText("NEWEST")).toBeTruthy();
  });

  it("has no way forward, since nothing comes after now", () => {
    open();
    for (const key of ["]", ".", "ArrowRight", "q", "l", "+"]) press(key);
    for (const control of Object.values(past.controls)) expect(control).not.toHaveBeenCalled();
  });

  it("begins slowly where the bars are within a day", () => {
    past.episodes = episodesOf([
      { regime: "BULL", at: 0, bars: 60 },
      { regime: "BEAR", at: 3_600 },
    ]);
    open();
    press("[");
    expect(past.controls.setSpeed).toHaveBeenCalledWith(60);
  });
});

describe("the dock while the past is shown", () => {
  it("says which moment it is, what happened last, and what is so now", () => {
    open();
    const update = event("regime_update", {}, { position: 12_345 });
    past.replay({ lastEvent: update });
    expect(text()).toContain("REPLAY");
    expect(text()).toContain("Oct 10, 2008, 8:00:00 PM UTC");
    expect(text()).toContain("12,345 of 88,210");
    expect(text()).toContain("state 3f2a9c…");
    expect(text()).toContain("SPX shifted from BEAR to CRASH");
    expect(text()).toContain("Live: SPX no regime yet");
  });

  it("plays, pauses, steps, and goes from shift to shift", () => {
    open();
    past.replay();
    fireEvent.click(button("Play"));
    expect(past.controls.play).toHaveBeenCalledTimes(1);
    past.replay({ status: "playing", stateHash: null });
    fireEvent.click(button("Pause"));
    expect(past.controls.pause).toHaveBeenCalledTimes(1);
    fireEvent.click(button("One event back"));
    fireEvent.click(button("One event forward"));
    expect(past.controls.step.mock.calls).toEqual([[-1], [1]]);
    fireEvent.click(button("Next shift"));
    expect(past.controls.nextShift).toHaveBeenCalledWith("SPX");
    fireEvent.click(button("Back to live"));
    expect(past.controls.close).toHaveBeenCalledTimes(1);
  });

  it("does all of that by keys", () => {
    open();
    past.replay();
    for (const key of [" ", "[", "]", ",", ".", "ArrowLeft", "ArrowRight", "q", "c", "p"]) press(key);
    const { controls } = past;
    expect(controls.play).toHaveBeenCalledTimes(1);
    expect(controls.previousShift).toHaveBeenCalledTimes(1);
    expect(controls.nextShift).toHaveBeenCalledTimes(1);
    expect(controls.step.mock.calls).toEqual([[-1], [1]]);
    expect(controls.stepBars.mock.calls).toEqual([["SPX", -1], ["SPX", 1]]);
    expect(controls.setSkipQuiet).toHaveBeenCalledWith(true, "SPX");
    expect(onCopyLink).toHaveBeenCalledTimes(1);
    expect(onPin).toHaveBeenCalledWith(12_345);
    press("Escape");
    expect(controls.close).toHaveBeenCalledTimes(1);
  });

  it("offers speeds in time of the market, and goes slower and faster by keys", () => {
    open();
    past.replay();
    const speed = screen.getByRole<HTMLSelectElement>("combobox");
    const offered = [...speed.options].map((option) => option.text);
    expect(offered).toEqual(["1 h/s", "1 d/s", "5 d/s", "10 d/s", "as fast as it goes"]);
    expect(speed.selectedOptions[0]?.text).toBe("1 d/s");
    enter(speed, "max");
    press("+");
    press("-");
    expect(past.controls.setSpeed.mock.calls).toEqual([["max"], [432_000], [3_600]]);
  });

  it("knows a speed that a link asked for", () => {
    open();
    past.replay({ speed: { events_per_s: 1_500 } });
    const speed = screen.getByRole<HTMLSelectElement>("combobox");
    expect(speed.selectedOptions[0]?.text).toBe("1,500 events/s");
  });

  it("lets go of what is pinned at this very moment", () => {
    open(12_345);
    past.replay();
    expect(button("Pin this moment to compare").getAttribute("aria-pressed")).toBe("true");
    press("p");
    expect(onPin).toHaveBeenCalledWith(null);
  });

  it("tells what is wrong, in words", () => {
    open();
    past.replay({ problem: "The recorder does not answer." });
    const said = screen.getAllByRole("status").map((one) => one.textContent);
    expect(said).toContain("The recorder does not answer.");
  });

  it("says so before the first event, where nothing has a time yet", () => {
    open();
    past.replay({ clock: null, status: "loading" });
    expect(text()).toContain("reading …");
    past.replay({ clock: null, status: "paused" });
    expect(text()).toContain("before the first event");
    expect(text()).not.toContain("reading");
  });

  it("can only go back or live at the end of the log", () => {
    open();
    past.replay({ status: "finished", end: 88_210 });
    expect(button("Play").disabled).toBe(true);
    expect(text()).toContain("the end of the log");
    past.replay({ status: "finished", end: 88_000 });
    expect(button("Play").disabled).toBe(false);
  });
});

it("frames the page and tells those who listen, but not while it plays", () => {
  render(
    <>
      <ReplayFrame />
      <ReplayBadge />
    </>,
  );
  expect([announced(), screen.queryByText("REPLAY")]).toEqual(["", null]);
  past.replay();
  expect(announced()).toBe("Replay: as of Oct 10, 2008");
  expect(screen.getByText("REPLAY")).toBeTruthy();
  expect(document.querySelector(".replay-frame")).toBeTruthy();
  past.replay({ status: "playing", clock: "2009-01-01T00:00:00Z" });
  expect(announced()).toBe("Replay: as of Oct 10, 2008");
  past.live();
  expect(announced()).toBe("Live again");
  expect(document.querySelector(".replay-frame")).toBeNull();
});

it("goes to the end of a date in the reader's zone, or to a deep fall", async () => {
  past.episodes = episodesOf([
    { regime: "BULL", at: 0 },
    { regime: "CRASH", at: 40 * 86_400, fall: -0.3 },
    { regime: "BEAR", at: 60 * 86_400 },
  ]);
  open();
  press("g");
  const date = await screen.findByLabelText("Date, UTC");
  enter(date, "10/10/2008");
  submit(date);
  expect(screen.getByText("Write it as 2008-10-10.")).toBeTruthy();
  enter(date, "1969-12-01");
  submit(date);
  expect(screen.getByText("That is before the first regime of the log.")).toBeTruthy();
  enter(date, "1970-02-01");
  submit(date);
  expect(past.controls.goTo).toHaveBeenLastCalledWith({
    time: "1970-02-01T23:59:59.999Z",
    symbol: "SPX",
  });
  press("g");
  fireEvent.click(await screen.findByRole("button", { name: /Feb 10, 1970.*CRASH.*−30%/ }));
  expect(past.controls.goTo).toHaveBeenLastCalledWith({ position: 20 });
});

it("says what there is to say of a link, and shows it where it cannot be copied", async () => {
  const close = vi.fn();
  const link = `https://example.org/?position=1&state=${HASH.slice(0, 16)}`;
  const { rerender } = render(
    <LinkNotice notice={{ text: "It differs.", warning: true }} link={null} onClose={close} />,
  );
  expect(screen.getByRole("status").textContent).toBe("It differs.");
  fireEvent.click(button("Close"));
  expect(close).toHaveBeenCalledTimes(1);
  rerender(<LinkNotice notice={null} link={link} onClose={close} />);
  expect((await screen.findByRole<HTMLInputElement>("textbox")).value).toBe(link);
});
