import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { applySettings, followSettings, keepOf } from "../../src/app/applySettings";
import { DEFAULT_SETTINGS, SETTINGS_KEY, SettingsStore } from "../../src/synapse/settings";

const { dataset } = document.documentElement;
let system: { matches: boolean; change: () => void };
let stop: (() => void) | null = null;

beforeEach(() => {
  document.head.innerHTML = `
    <meta name="theme-color" content="x" media="(prefers-color-scheme: dark)">
    <meta name="theme-color" content="x" media="(prefers-color-scheme: light)">`;
  localStorage.clear();
  system = { matches: false, change: () => {} };
  vi.spyOn(window, "matchMedia").mockImplementation(
    () =>
      ({
        get matches() {
          return system.matches;
        },
        addEventListener: (_type: string, listener: () => void) => {
          system.change = listener;
        },
        removeEventListener: () => {
          system.change = () => {};
        },
      }) as unknown as MediaQueryList,
  );
});

afterEach(() => {
  stop?.();
  stop = null;
});

const barColours = (): readonly (string | null)[] =>
  [...document.querySelectorAll("meta[name=theme-color]")].map((meta) => meta.getAttribute("content"));

function follow(): SettingsStore {
  const store = new SettingsStore(keepOf(window));
  stop = followSettings(window, store);
  return store;
}

function other(theme: string, key: string | null = SETTINGS_KEY): void {
  localStorage.setItem(SETTINGS_KEY, JSON.stringify({ theme }));
  window.dispatchEvent(new StorageEvent("storage", { key }));
}

describe("the document", () => {
  it.each([
    ["system", false, "dark"],
    ["system", true, "light"],
    ["dark", true, "dark"],
    ["light", false, "light"],
  ] as const)("for %s, with a light system: %s, is %s", (theme, light, is) => {
    applySettings(document, { ...DEFAULT_SETTINGS, theme, colours: "red_up" }, light);
    expect([dataset.theme, dataset.colours]).toEqual([is, "red_up"]);
    const colour = is === "dark" ? "#0A0E14" : "#F5F7FA";
    expect(barColours()).toEqual([colour, colour]);
  });

  it("has its theme as soon as the settings are followed", () => {
    localStorage.setItem(SETTINGS_KEY, JSON.stringify({ theme: "light" }));
    follow();
    expect(dataset.theme).toBe("light");
  });

  it("follows the settings, and the system while it is the system's", () => {
    const store = follow();
    expect(dataset.theme).toBe("dark");
    system.matches = true;
    system.change();
    expect(dataset.theme).toBe("light");
    store.set({ theme: "dark" });
    expect(dataset.theme).toBe("dark");
  });

  it("follows what another tab has chosen, until it is told to stop", () => {
    const store = follow();
    other("light", "something.else");
    expect(dataset.theme).toBe("dark");
    other("light");
    expect(dataset.theme).toBe("light");
    expect(store.get().theme).toBe("light");
    other("dark", null);
    expect(dataset.theme).toBe("dark");
    stop?.();
    other("light");
    expect(dataset.theme).toBe("dark");
  });
});

it("keeps nothing where the browser forbids it", () => {
  const forbidden = {
    get localStorage(): Storage {
      throw new Error("SecurityError");
    },
  };
  expect(keepOf(forbidden as unknown as Window)).toBeNull();
});
