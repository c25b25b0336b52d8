import { describe, expect, it, vi } from "vitest";
import {
  DEFAULT_SETTINGS,
  type Keep,
  SETTINGS_KEY,
  SettingsStore,
  parseSettings,
} from "../../src/synapse/settings";

function keeping(text: string | null = null): Keep & { text: string | null } {
  return {
    text,
    getItem(key) {
      return key === SETTINGS_KEY ? this.text : null;
    },
    setItem(_key, value) {
      this.text = value;
    },
  };
}

describe("what was kept", () => {
  it.each([null, "", "{", "[]", '"dark"', "null"])("is the defaults where it is %s", (text) => {
    expect(parseSettings(text)).toEqual(DEFAULT_SETTINGS);
  });

  it("holds as far as it is sound", () => {
    const kept = {
      theme: "light",
      colours: "blue",
      locale: "de-DE",
      timeZone: "Nowhere/Land",
      persona: "nobody",
      lane: "a b",
      notifications: 1,
      sound: true,
      more: "x",
    };
    expect(parseSettings(JSON.stringify(kept))).toEqual({
      ...DEFAULT_SETTINGS,
      theme: "light",
      locale: "de-DE",
      sound: true,
    });
  });

  it("knows the personas, the zones and the languages of the browser", () => {
    const kept = { persona: "minimax", timeZone: "Asia/Tokyo", locale: "no such language" };
    const { locale, persona, timeZone } = parseSettings(JSON.stringify(kept));
    expect([persona, timeZone, locale]).toEqual(["minimax", "Asia/Tokyo", null]);
  });
});

function forbid(): never {
  throw new Error("forbidden");
}

describe("the settings", () => {
  it("are kept, told, and read again by another tab", () => {
    const keep = keeping();
    const [one, other] = [new SettingsStore(keep), new SettingsStore(keep)];
    const told = vi.fn();
    const forget = other.subscribe(told);
    one.set({ theme: "dark" });
    expect(other.get().theme).toBe("system");
    other.adopt();
    expect(other.get().theme).toBe("dark");
    expect(told).toHaveBeenCalledTimes(1);
    forget();
    other.adopt();
    expect(told).toHaveBeenCalledTimes(1);
  });

  it("hold for the tab where storage is forbidden", () => {
    const store = new SettingsStore({ getItem: forbid, setItem: forbid });
    store.set({ sound: true });
    expect(store.get()).toEqual({ ...DEFAULT_SETTINGS, sound: true });
  });
});
