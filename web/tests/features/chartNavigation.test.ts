import { beforeEach, describe, expect, it, vi } from "vitest";
import { MERGED_BARS_MIN } from "../../src/features/chart/frames";
import { Navigation, type Scale } from "../../src/features/chart/navigation";
import type { Bar } from "../../src/synapse/bars";
import { Viewport } from "../../src/ui/viewport";
import { DAY_S, FIRST_S, FakeFeed, days } from "../bars";

class FakeScale implements Scale {
  range: { from: number; to: number } | null = null;
  getVisibleLogicalRange = () => this.range;
  setVisibleLogicalRange = (range: { from: number; to: number }): void => {
    this.range = range;
  };
}

const day = (number: number): number => FIRST_S + number * DAY_S;
let scale: FakeScale;
let feed: FakeFeed;
let viewport: Viewport;
let whole: number;
const rest = vi.fn<() => void>();

function open(bars: readonly Bar[]): Navigation {
  const navigation = new Navigation(scale, feed, viewport, () => whole, rest);
  navigation.drawn(bars, true);
  return navigation;
}

/** Another moment is shown. */
function jump(time: number): void {
  feed.now = time;
  feed.jumps += 1;
}

function byHand(navigation: Navigation, range: { from: number; to: number }): void {
  navigation.hold();
  scale.range = range;
}

beforeEach(() => {
  scale = new FakeScale();
  feed = new FakeFeed();
  viewport = new Viewport();
  whole = 0;
  rest.mockReset();
});

describe("where the chart is", () => {
  it("shows all bars at first, and tells which", () => {
    const navigation = open(days(1000));
    expect(scale.range?.from).toBe(-0.5);
    navigation.tell();
    expect(viewport.get().visible).toEqual({ from: day(0), to: day(999) });
  });

  it("shows a range that ends with the newest bar, and the recent bars by their number", () => {
    const navigation = open(days(1000));
    navigation.setRange("quarter");
    expect(navigation.visible()?.to).toBe(day(999));
    expect(navigation.visible()?.from).toBeGreaterThan(day(999 - 93));
    navigation.setRange("recent");
    expect(navigation.visible()).toEqual({ from: day(850), to: day(999) });
    whole = 3000;
    navigation.setRange("recent");
    expect(navigation.visible()).toEqual({ from: day(950), to: day(999) });
  });

  it("goes on with the moment at its right end, also where a length was chosen", () => {
    const navigation = open(days(400));
    navigation.drawn(days(401), false);
    expect(navigation.visible()).toEqual({ from: day(0), to: day(400) });
    navigation.setRange("quarter");
    navigation.drawn(days(402), false);
    expect(navigation.visible()?.to).toBe(day(401));
    expect(navigation.visible()?.from).toBeGreaterThan(day(401 - 93));
    jump(day(200));
    navigation.drawn(days(201), true);
    expect(navigation.visible()?.to).toBe(day(200));
    expect(navigation.visible()?.from).toBeGreaterThan(day(200 - 93));
  });

  it("stays where somebody has moved it while time goes on", () => {
    const navigation = open(days(100));
    byHand(navigation, { from: 9.5, to: 20.5 });
    navigation.adopt();
    navigation.drawn(days(102), false);
    expect(scale.range).toEqual({ from: 9.5, to: 20.5 });
    navigation.settled();
    navigation.drawn(days(103), true);
    expect(scale.range).toEqual({ from: 9.5, to: 20.5 });
  });

  it("goes on with the moment where somebody has moved it and sees the newest bar", () => {
    const navigation = open(days(100));
    byHand(navigation, { from: 79.5, to: 101.5 });
    navigation.settled();
    navigation.drawn(days(110), false);
    expect(navigation.visible()).toEqual({ from: day(90), to: day(109) });
  });

  it("brings the moment back into view after a jump out of it, with the length that it had", () => {
    const navigation = open(days(1000));
    byHand(navigation, { from: 99.5, to: 150.5 });
    navigation.settled();
    jump(day(140));
    navigation.drawn(days(141), true);
    expect(navigation.visible()?.from).toBe(day(100));
    jump(day(800));
    navigation.drawn(days(801), true);
    expect(navigation.visible()).toEqual({ from: day(750), to: day(800) });
    expect(feed.looks.at(-1)).toEqual({ last: 50 * DAY_S });
  });

  it("moves by parts of what is in view, and zooms", () => {
    const navigation = open(days(1000));
    byHand(navigation, { from: 99.5, to: 199.5 });
    navigation.move(0.1, 1);
    expect(scale.range).toEqual({ from: 109.5, to: 209.5 });
    navigation.move(0, 0.5);
    expect(scale.range).toEqual({ from: 134.5, to: 184.5 });
  });

  it("goes where the ribbon's brush wants it, and back", () => {
    const navigation = open(days(1000));
    viewport.ask({ from: day(100), to: day(200) });
    expect(navigation.visible()).toEqual({ from: day(100), to: day(200) });
    expect(rest).toHaveBeenCalled();
    viewport.ask(null);
    expect(navigation.visible()).toEqual({ from: day(0), to: day(999) });
    expect(feed.looks).toEqual([{ from: day(100), to: day(200) }, null]);
  });

  it("hears nothing any more once it is gone", () => {
    const navigation = open(days(10));
    navigation.dispose();
    const { range } = scale;
    viewport.ask({ from: day(1), to: day(2) });
    expect(scale.range).toBe(range);
  });
});

describe("the bars that it asks for", () => {
  it("depend on the stretch only, not on what was shown before", () => {
    const navigation = open(days(1000));
    const quarter = { last: 93 * DAY_S };
    navigation.setRange("quarter");
    expect(feed.looks).toEqual([quarter]);
    navigation.drawn(days(1000).slice(-140), true);
    navigation.setRange("year");
    navigation.drawn(days(1000).slice(-560), true);
    navigation.setRange("quarter");
    navigation.settled();
    expect(feed.looks).toEqual([quarter, { last: 372 * DAY_S }, quarter]);
  });

  it("are all that there are where none can have been merged", () => {
    const navigation = open(days(MERGED_BARS_MIN - 1));
    navigation.setRange("quarter");
    viewport.ask({ from: day(1), to: day(20) });
    navigation.settled();
    expect(feed.looks).toEqual([]);
  });

  it("are those of the recent bars once all are there", () => {
    const navigation = open(days(1000));
    whole = 3000;
    navigation.setRange("recent");
    expect(feed.looks).toEqual([]);
    navigation.settled();
    expect(feed.looks).toEqual([{ last: 49 * DAY_S }]);
  });

  it("are those of a wanted stretch, and of where somebody has moved the chart, once", () => {
    const navigation = open(days(1000));
    const wanted = { from: day(-300), to: day(-200) };
    viewport.ask(wanted);
    navigation.settled();
    expect(feed.looks).toEqual([wanted]);
    feed.now = day(999);
    navigation.drawn(days(300), true);
    expect(navigation.past).toBe(true);
    byHand(navigation, { from: -40.5, to: 60.5 });
    navigation.settled();
    navigation.settled();
    expect(feed.looks.slice(1)).toEqual([{ from: day(-40), to: day(60) }]);
  });
});
