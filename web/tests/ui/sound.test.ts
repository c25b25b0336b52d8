import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

interface Note {
  hertz: number;
  start: number;
  stop: number;
}

let notes: Note[];
let context: { state: string; allowed: boolean; made: number };

class FakeContext {
  currentTime = 5;
  destination = {};

  constructor() {
    context.made += 1;
  }

  get state(): string {
    return context.state;
  }

  resume = async (): Promise<void> => {
    if (context.allowed) context.state = "running";
  };

  createGain = (): object => ({
    gain: { setValueAtTime: () => {}, linearRampToValueAtTime: () => {} },
    connect: (next: unknown) => next,
  });

  createOscillator = (): object => {
    const note = { hertz: 0, start: 0, stop: 0 };
    notes.push(note);
    return {
      frequency: {
        set value(hertz: number) {
          note.hertz = hertz;
        },
      },
      connect: (next: unknown) => next,
      start: (at: number) => {
        note.start = at;
      },
      stop: (at: number) => {
        note.stop = at;
      },
    };
  };
}

const load = (): Promise<typeof import("../../src/ui/sound")> => import("../../src/ui/sound");

beforeEach(() => {
  vi.resetModules();
  notes = [];
  context = { state: "suspended", allowed: true, made: 0 };
  vi.stubGlobal("AudioContext", FakeContext);
});

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("a tone", () => {
  it("is its notes, one after the other, from now on", async () => {
    const { playTone, wakeSound } = await load();
    expect(await wakeSound()).toBe(true);
    expect(playTone("crash")).toBe(true);
    expect(notes.map(({ hertz }) => hertz)).toEqual([440, 330, 247]);
    expect(notes[0]?.start).toBe(5);
    expect(notes[1]?.start).toBe(notes[0]?.stop);
  });

  it("is not played late: not at all while the browser does not let the page sound", async () => {
    context.allowed = false;
    const { playTone, wakeSound } = await load();
    expect(playTone("up")).toBe(false);
    expect(await wakeSound()).toBe(false);
    expect(playTone("up")).toBe(false);
    context.allowed = true;
    expect(await wakeSound()).toBe(true);
    expect([notes.length, context.made]).toEqual([0, 1]);
  });

  it("is none where the browser has no audio", async () => {
    vi.unstubAllGlobals();
    Reflect.deleteProperty(window, "AudioContext");
    const { playTone, wakeSound } = await load();
    expect([await wakeSound(), playTone("up")]).toEqual([false, false]);
  });
});
