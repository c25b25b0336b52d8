import { act, cleanup, render } from "@testing-library/preact";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import Notifier from "../../src/features/notify/Notifier";
import { GATHER_MS, TELL_EVERY_MS } from "../../src/features/notify/gatherer";
import { newsOf, toneOf } from "../../src/features/notify/news";
import { NAMES_MAX, NOTES_MAX, notesOf } from "../../src/features/notify/notes";
import type { Regime, ServerEvent } from "../../src/synapse/generated";
import type { Settings } from "../../src/synapse/settings";
import { DEFAULT_SETTINGS } from "../../src/synapse/settings";
import { formatFor } from "../../src/ui/format";
import { event } from "../samples";

const page = vi.hoisted(() => ({
  arrive: (_event: unknown): void => {},
  machine: null as object | null,
  settings: {} as object,
  notes: [] as { title: string; body: string; tag: string }[],
  tones: [] as string[],
  woken: 0,
}));

vi.mock("../../src/synapse/hooks", async (load) => ({
  ...(await load<object>()),
  useArrivals: (listener: typeof page.arrive) => {
    page.arrive = listener;
  },
  useSelected: (select: (snapshot: object) => unknown) => select(page),
  useSettings: () => page.settings,
}));
vi.mock("../../src/ui/desktop", () => ({
  showOnDesktop: (note: (typeof page.notes)[number]) => page.notes.push(note),
}));
vi.mock("../../src/ui/sound", () => ({
  playTone: (tone: string) => page.tones.push(tone),
  wakeSound: async () => {
    page.woken += 1;
    return true;
  },
}));

const format = formatFor("en-GB", "UTC");

function shift(symbol: string, regime: Regime = "BEAR", source = "feed:x"): ServerEvent {
  const before = regime === "SIDEWAYS" ? "BULL" : "SIDEWAYS";
  return event("regime_update", { symbol, regime, previous_regime: before }, { source });
}

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

function start(settings: Partial<Settings>): () => void {
  page.settings = { ...DEFAULT_SETTINGS, locale: "en-GB", ...settings };
  return render(<Notifier />).unmount;
}

beforeEach(() => {
  vi.useFakeTimers();
  Object.assign(page, { machine: null, notes: [], tones: [], woken: 0 });
});

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

describe("the notifier", () => {
  it("shows a shift of any symbol on the desktop, and plays its tone", () => {
    start({ notifications: true, sound: true });
    arrive(shift("NDX"));
    pass(GATHER_MS);
    expect(page.notes).toEqual([
      {
        title: "NDX: BEAR",
        body: "Shifted from SIDEWAYS to BEAR, 90% confident",
        tag: "synapse-shift-NDX",
      },
    ]);
    expect(page.tones).toEqual(["down"]);
  });

  it("does only what was asked for", () => {
    const stop = start({ sound: true });
    arrive(shift("SPX"));
    pass(GATHER_MS);
    expect([page.notes.length, page.tones.length]).toEqual([0, 1]);
    stop();
    start({ notifications: true });
    arrive(shift("SPX"));
    pass(GATHER_MS);
    expect([page.notes.length, page.tones.length]).toEqual([1, 1]);
  });

  it("tells a storm at most once a second, and what comes together in one note", () => {
    start({ notifications: true, sound: true });
    for (let second = 0; second < 3; second += 1) {
      arrive(...Array.from({ length: 50 }, (_, index) => shift(`S${index}`)), shift("S1", "CRASH"));
      pass(TELL_EVERY_MS);
    }
    expect(page.tones).toEqual(["crash", "crash", "crash"]);
    expect(page.notes.map(({ tag }) => tag)).toEqual(Array(3).fill("synapse-many"));
  });

  it("makes no sound while the time machine is open, but still tells of the present", () => {
    page.machine = {};
    start({ notifications: true, sound: true });
    arrive(shift("SPX"));
    pass(GATHER_MS);
    expect([page.notes.length, page.tones.length]).toEqual([1, 0]);
  });

  it("forgets what it has not told when it is switched off", () => {
    const stop = start({ notifications: true });
    arrive(shift("SPX"));
    stop();
    pass(TELL_EVERY_MS);
    expect(page.notes).toEqual([]);
  });

  it("wakes the sound at the first touch, which browsers ask for", async () => {
    start({ sound: true });
    document.dispatchEvent(new Event("pointerdown"));
    await act(async () => {});
    document.dispatchEvent(new Event("keydown"));
    expect(page.woken).toBe(1);
  });
});

const tone = (...events: ServerEvent[]): string => toneOf(events.map((one) => newsOf(one)!));

describe("news", () => {
  it("are shifts that are final, and critical alerts", () => {
    const none = [
      event("regime_update", { provisional: true }),
      event("regime_update", { previous_regime: null }),
      event("regime_update", { previous_regime: "CRASH" }),
      event("price_alert", { severity: "warning" }),
      event("trade_execution"),
    ];
    expect(none.map(newsOf)).toEqual(none.map(() => null));
    expect(newsOf(shift("SPX"))).toMatchObject({ kind: "shift", to: "BEAR", origin: null });
    expect(newsOf(event("price_alert"))).toMatchObject({ kind: "alert", symbol: "SPX" });
  });

  it("say when they are made up", () => {
    const news = [shift("SIM", "BULL", "simulated"), shift("E2E", "BULL", "manual")].map(newsOf);
    const notes = notesOf(news.map((one) => one!), format);
    expect(notes.map(({ body }) => body.split(" · ")[1])).toEqual(["simulated", "manual test"]);
  });

  it("of an alert say what and at which price", () => {
    const [note] = notesOf([newsOf(event("price_alert"))!], format);
    expect(note).toMatchObject({
      title: "SPX: critical alert",
      body: "SPX is 20 % below its high, at 2,351.10",
    });
  });

  it("become one note when they are many, with the first names", () => {
    const news = Array.from({ length: 12 }, (_, index) => newsOf(shift(`S${index}`))!);
    expect(notesOf(news.slice(0, NOTES_MAX), format)).toHaveLength(NOTES_MAX);
    const [note, ...others] = notesOf(news, format);
    expect(others).toEqual([]);
    expect(note?.title).toBe("12 shifts and alerts");
    expect(note?.body.split(", ")).toHaveLength(NAMES_MAX + 1);
    expect(note?.body).toContain("S0 BEAR");
    expect(note?.body).toContain("and 4 more");
  });

  it("sound like the gravest of them", () => {
    expect(tone(shift("A", "SIDEWAYS"))).toBe("flat");
    expect(tone(shift("A", "BULL"), shift("B", "BEAR"))).toBe("down");
    expect(tone(shift("A", "BEAR"), event("price_alert"))).toBe("alert");
    expect(tone(event("price_alert"), shift("A", "CRASH"))).toBe("crash");
  });
});
