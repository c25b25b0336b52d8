import { beforeEach, describe, expect, it, vi } from "vitest";
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
  navigation.drawn(bars, true, true);
  return navigation;
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

  it("follows new bars while nobody has moved it", () => {
    const navigation = open(days(100));
    expect(navigation.untouched()).toBe(true);
    navigation.drawn(days(101), false, true);
    expect(navigation.visible()?.to).toBe(day(100));
    scale.range = { from: 10, to: 20 };
    expect(navigation.untouched()).toBe(false);
    navigation.drawn(days(102), false, false);
    expect(scale.range).toEqual({ from: 10, to: 20 });
  });

  it("goes where the ribbon's brush wants it, and back", () => {
    const navigation = open(days(1000));
    viewport.ask({ from: day(100), to: day(200) });
    expect(navigation.visible()).toEqual({ from: day(100), to: day(200) });
    expect(rest).toHaveBeenCalled();
    viewport.ask(null);
    expect(navigation.visible()).toEqual({ from: day(0), to: day(999) });
    expect(feed.looks).toEqual([]);
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
  it("are those of a wanted stretch that reaches beyond what is loaded, once", () => {
    const navigation = open(days(100));
    const wanted = { from: day(-300), to: day(-200) };
    viewport.ask(wanted);
    navigation.settled();
    navigation.settled();
    expect(feed.looks).toEqual([wanted]);
    viewport.ask(null);
    expect(feed.looks).toEqual([wanted, null]);
  });

  it("are finer ones where merged bars are few in view", () => {
    const navigation = open(days(1000));
    viewport.ask({ from: day(100), to: day(150) });
    navigation.settled();
    expect(feed.looks).toEqual([]);
    whole = 4000;
    navigation.settled();
    expect(feed.looks).toEqual([{ from: day(100), to: day(150) }]);
  });

  it("are older ones where somebody has moved past the first of an earlier look", () => {
    const navigation = open(days(1000));
    whole = 4000;
    viewport.ask({ from: day(800), to: day(850) });
    navigation.settled();
    whole = 0;
    navigation.drawn(days(1000).slice(700, 950), true, true);
    expect(navigation.past).toBe(true);
    scale.range = { from: -40, to: 60 };
    navigation.settled();
    expect(feed.looks.at(-1)).toEqual({ from: day(660), to: day(760) });
  });
});
