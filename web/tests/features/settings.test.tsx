import { act, cleanup, fireEvent, render, screen, within } from "@testing-library/preact";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import SettingsDialog from "../../src/features/settings/SettingsDialog";
import { languages, otherZones, usualZones } from "../../src/features/settings/choices";
import { CHANNEL_VALUES } from "../../src/synapse/generated";
import { SettingsContext } from "../../src/synapse/hooks";
import {
  DEFAULT_SETTINGS,
  SETTINGS_KEY,
  type Settings,
  SettingsStore,
  isLocale,
  isTimeZone,
} from "../../src/synapse/settings";
import { enter } from "../fire";

const page = vi.hoisted(() => ({
  market: { personaName: "MiniMax", symbols: { SPX: { regime: { regime: "CRASH" } } } },
  session: {
    scopes: ["read"],
    channels: ["regime", "prices"],
    canWrite: false,
    isSignedIn: false,
    endsAt: null as string | null,
    signIn: async (_token: string) => null as string | null,
    signOut: () => {},
  },
  permission: "granted",
  shows: true,
  wakes: true,
  tones: [] as string[],
}));

vi.mock("../../src/synapse/hooks", async (load) => ({
  ...(await load<object>()),
  useSelected: (select: (snapshot: object) => unknown) => select(page),
  useSession: () => page.session,
}));
vi.mock("../../src/ui/desktop", () => ({
  desktopPermission: () => page.permission,
  askForDesktop: async () => page.permission,
  showOnDesktop: () => page.shows,
}));
vi.mock("../../src/ui/sound", () => ({
  playTone: (tone: string) => page.tones.push(tone) > 0,
  wakeSound: async () => page.wakes,
}));

const OUT = { ...page.session };
let store: SettingsStore;

function open(settings: Partial<Settings> = {}): void {
  store = new SettingsStore(localStorage);
  store.set(settings);
  render(
    <SettingsContext value={store}>
      <SettingsDialog symbol="SPX" onClose={() => {}} />
    </SettingsContext>,
  );
}

const group = (name: string): HTMLElement => screen.getByRole("group", { name });

async function choose(name: string, option: string): Promise<void> {
  await act(async () => {
    fireEvent.click(within(group(name)).getByRole("button", { name: option }));
  });
}

const select = (name: string): HTMLSelectElement => screen.getByRole("combobox", { name });

beforeEach(() => {
  localStorage.clear();
  Object.assign(page, { permission: "granted", shows: true, wakes: true, tones: [] });
  page.session = { ...OUT };
});

afterEach(cleanup);

describe("the settings", () => {
  it("hold at once and are kept", async () => {
    open();
    await choose("Theme", "Light");
    await choose("Colours", "Red is up");
    enter(select("Written as in"), "de-DE");
    enter(select("Time zone"), "America/New_York");
    fireEvent.click(screen.getByRole("radio", { name: /^Big Pickle/ }));
    const chosen = {
      ...DEFAULT_SETTINGS,
      theme: "light",
      colours: "red_up",
      locale: "de-DE",
      timeZone: "America/New_York",
      persona: "big_pickle",
    };
    expect(store.get()).toEqual(chosen);
    expect(JSON.parse(localStorage.getItem(SETTINGS_KEY)!)).toEqual(chosen);
    expect(group("Theme").querySelector("[aria-pressed=true]")?.textContent).toBe("Light");
  });

  it("show what they do to numbers and times", () => {
    open({ locale: "de-DE", timeZone: "America/New_York" });
    expect(screen.getByText("12.345,67")).toBeTruthy();
    expect(screen.getByText(/10\.10\.2008, 16:00:00/)).toBeTruthy();
    enter(select("Written as in"), "");
    expect(store.get().locale).toBeNull();
  });

  it("show what each persona says now, the recorder's own first", () => {
    open({ persona: "minimax" });
    const personas = screen.getAllByRole<HTMLInputElement>("radio");
    const said = personas.map((one) => one.closest("label")?.textContent);
    expect(said).toEqual([
      "The recorder's own (MiniMax)Prices are falling fast.",
      "Big PickleSELL EVERYTHING! 🔥",
      "MiniMaxPrices are falling fast.",
    ]);
    expect(personas.map(({ checked }) => checked)).toEqual([false, false, true]);
    fireEvent.click(personas[0]!);
    expect(store.get().persona).toBeNull();
  });

  it("go back to the defaults", () => {
    open({ theme: "dark", colours: "red_up", sound: true, timeZone: "Asia/Tokyo" });
    fireEvent.click(screen.getByRole("button", { name: "Back to the defaults" }));
    expect(store.get()).toEqual(DEFAULT_SETTINGS);
  });
});

describe("notifications", () => {
  it("are switched on once the browser allows them", async () => {
    open();
    await choose("Desktop notifications", "On");
    expect(store.get().notifications).toBe(true);
    await choose("Desktop notifications", "Off");
    expect(store.get().notifications).toBe(false);
  });

  it.each([
    ["denied", true, "The browser blocks them"],
    ["missing", true, "This browser shows no desktop notifications"],
    ["default", true, "The browser was not told to allow them"],
    ["granted", false, "This browser leaves notifications to installed apps"],
  ])("stay off when the browser says %s (and shows: %s)", async (permission, shows, words) => {
    Object.assign(page, { permission, shows });
    open();
    await choose("Desktop notifications", "On");
    expect(store.get().notifications).toBe(false);
    expect(screen.getByText(new RegExp(words))).toBeTruthy();
  });

  it("say so when the permission was withdrawn", () => {
    page.permission = "denied";
    open({ notifications: true });
    expect(screen.getByText(/The browser blocks them/)).toBeTruthy();
  });
});

describe("sound", () => {
  it("plays a tone when it is switched on", async () => {
    open();
    await choose("Sound", "On");
    expect([store.get().sound, page.tones]).toEqual([true, ["up"]]);
    await choose("Sound", "Off");
    expect([store.get().sound, page.tones.length]).toEqual([false, 1]);
  });

  it("stays off where the browser plays none", async () => {
    page.wakes = false;
    open();
    await choose("Sound", "On");
    expect([store.get().sound, page.tones]).toEqual([false, []]);
    expect(screen.getByText(/plays no sound/)).toBeTruthy();
  });
});

const field = (): HTMLInputElement => screen.getByLabelText("Token");

async function signIn(token: string): Promise<void> {
  enter(field(), token);
  await act(async () => {
    fireEvent.submit(field().closest("form")!);
  });
}

describe("signing in", () => {
  it("gives the token, and forgets it when it worked", async () => {
    page.session.signIn = vi.fn(async () => null);
    open();
    await signIn(" secret ");
    expect(page.session.signIn).toHaveBeenCalledExactlyOnceWith("secret");
    expect(field().value).toBe("");
  });

  it("says what is wrong", async () => {
    page.session.signIn = async () => "That token is not the recorder's.";
    open();
    await signIn("secret");
    expect(screen.getByText("That token is not the recorder's.")).toBeTruthy();
    expect(field().value).toBe("secret");
  });

  it("says which channels a session is limited to, and that it may acknowledge nothing", () => {
    page.session = { ...OUT, scopes: ["read", "write"], isSignedIn: true };
    open();
    expect(screen.getByText(/^Signed in/).textContent).toBe(
      "Signed in: this browser may read and write. Only these channels: Regime, Prices. It may not acknowledge alerts.",
    );
  });

  it("says whether reading needs a token", () => {
    open();
    expect(screen.getByText(/^Here reading needs no token/)).toBeTruthy();
    cleanup();
    page.session = { ...OUT, scopes: [], channels: [] };
    open();
    expect(screen.getByText(/^Here reading needs a token/)).toBeTruthy();
  });

  it("can be undone", () => {
    const endsAt = "2030-01-02T03:04:05Z";
    const may = { scopes: ["read", "write", "admin"], channels: [...CHANNEL_VALUES], canWrite: true };
    page.session = { ...OUT, ...may, isSignedIn: true, endsAt, signOut: vi.fn() };
    open();
    expect(screen.queryByLabelText("Token")).toBeNull();
    expect(screen.getByRole("heading", { name: "Sign-in" })).toBeTruthy();
    expect(screen.getByText(/^Signed in/).textContent).toBe(
      "Signed in: this browser may read, write and administer. It may acknowledge alerts. Until Jan 2, 2030.",
    );
    fireEvent.click(screen.getByRole("button", { name: "Sign out" }));
    expect(page.session.signOut).toHaveBeenCalledTimes(1);
  });
});

describe("the choices", () => {
  it("are all known to the browser, each once", () => {
    expect(languages().every(({ label, value }) => isLocale(value) && label.length > 1)).toBe(true);
    const zones = [...usualZones(), ...otherZones("UTC")].map(({ value }) => value);
    expect(zones.filter((zone) => zone !== "local" && !isTimeZone(zone))).toEqual([]);
    expect(new Set(zones).size).toBe(zones.length);
    expect(zones.slice(0, 3)).toEqual(["UTC", "local", "America/New_York"]);
    expect(zones.length).toBeGreaterThan(100);
  });

  it("have the zone that was chosen, whatever it is called", () => {
    expect(otherZones("Etc/GMT-3").map(({ value }) => value)).toContain("Etc/GMT-3");
  });
});
