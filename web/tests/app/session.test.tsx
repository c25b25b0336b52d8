import { act, cleanup, render, screen, within } from "@testing-library/preact";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { App } from "../../src/app/App";
import { Refusal } from "../../src/synapse/api";
import { parseBars } from "../../src/synapse/bars";
import { CHANNEL_VALUES } from "../../src/synapse/generated";
import { SynapseContext } from "../../src/synapse/hooks";
import { parseState } from "../../src/synapse/state";
import { FLUSH_MS, SynapseStore } from "../../src/synapse/store";
import { fakeApi } from "../fakeApi";
import { FakeWorld } from "../fakeWorld";
import { control, event } from "../samples";
import { STATE } from "../state";

vi.mock("../../src/features/chart/PriceChart", () => ({
  default: () => <div data-testid="chart" />,
}));

let world: FakeWorld;
let store: SynapseStore;
const given = {
  state: async () => parseState(STATE)!,
  bars: async () => parseBars({ head: 100, bars: [] })!,
};

beforeEach(() => {
  window.history.replaceState(null, "", "/");
  world = new FakeWorld();
});

afterEach(cleanup);

async function settle(): Promise<void> {
  await act(async () => {
    await new Promise((done) => setTimeout(done, 0));
    world.pass(FLUSH_MS);
  });
}

function goLive(): void {
  world.socket.onopen?.();
  world.socket.say(control("subscription_confirmed"));
  world.socket.say(control("caught_up"));
}

async function show(): Promise<void> {
  render(
    <SynapseContext value={store}>
      <App store={store} />
    </SynapseContext>,
  );
  await settle();
}

async function open(): Promise<void> {
  const shown = show();
  goLive();
  await shown;
}

const card = (symbol: string): HTMLElement =>
  screen.getByRole("region", { name: `Market status of ${symbol}` });

const panel = (name: string): string | null => screen.getByRole("region", { name }).textContent;

const pill = (): string | null | undefined =>
  document.querySelector(".connection-pill")?.textContent;

const told = (): number => screen.queryAllByText("This link has been used.").length;

const session = (channels: readonly string[], scopes: readonly string[] = ["read"]) =>
  fakeApi({
    ...given,
    read: async (path, parse) => {
      const answer = path === "api/session" && parse({ scopes, channels, expires_at: null });
      return answer || new Promise<never>(() => {});
    },
  });

describe("a session", () => {
  it("that covers some channels shows those, and says what is not there", async () => {
    store = new SynapseStore(world, session(["regime", "prices"]));
    await open();
    expect(world.socket.subscribed.channels).toEqual(["regime", "prices"]);
    expect(card("SPX")).toBeTruthy();
    expect(await screen.findByTestId("chart")).toBeTruthy();
    expect(panel("Alerts")).toContain("Not in your token: it does not cover Price alerts.");
    expect(panel("Trades")).toContain("Not in your token: it does not cover Trades.");
    expect(panel("Portfolio")).toContain("Not in your token: it does not cover Portfolio.");
    expect(panel("Notices")).toContain("Not in your token: it does not cover System.");
  });

  it("that does not cover regimes has a page all the same", async () => {
    store = new SynapseStore(world, session(["prices"]));
    await open();
    const missing = screen.getAllByText(/^Not in your token/).map((one) => one.textContent);
    expect(missing).toHaveLength(7);
    expect(screen.queryByTestId("chart")).toBeNull();
    expect(screen.queryByRole("group", { name: /Mood ribbon/ })).toBeNull();
  });

  it("that is over leaves what is shown, as old, with a way back in", async () => {
    let now = session(CHANNEL_VALUES);
    store = new SynapseStore(world, fakeApi({ ...given, read: (...asked) => now.read(...asked) }));
    await open();
    now = session([], []);
    world.socket.onclose?.({ code: 4401, reason: "expired or revoked" });
    await settle();
    expect(pill()).toBe("Signed out");
    expect(card("SPX").dataset.live).toBe("false");
    expect(await screen.findByRole("region", { name: "Signed out" })).toBeTruthy();
    expect(screen.queryByText(/Not in your token/)).toBeNull();
  });

  it("that there is none of shows nothing but the way in", async () => {
    store = new SynapseStore(world, fakeApi({ read: session([], []).read }));
    await show();
    expect(await screen.findByRole("region", { name: "Sign in" })).toBeTruthy();
    expect(screen.queryByText("Reading the log.")).toBeNull();
    expect(screen.queryByRole("region", { name: "Time machine" })).toBeNull();
  });

  it("that a spent link did not open says so once: beside the sign-in, else as a notice", async () => {
    const spent = new Refusal("api/session", 401, "this link has been used");
    const write = (): Promise<never> => Promise.reject(spent);
    const enter = async (channels: readonly string[]): Promise<void> => {
      world = new FakeWorld();
      const { read } = session(channels, channels.length > 0 ? ["read"] : []);
      store = new SynapseStore(world, fakeApi({ ...given, read, write }));
      store.entrance.launch("code");
      await show();
    };
    await enter([]);
    const signIn = await screen.findByRole("region", { name: "Sign in" });
    expect(within(signIn).getByText("This link has been used.")).toBeTruthy();
    expect(told()).toBe(1);
    cleanup();
    await enter(CHANNEL_VALUES);
    goLive();
    await settle();
    expect(told()).toBe(1);
  });

  it("that tells nothing of regimes is not taken for a log without them", async () => {
    store = new SynapseStore(world, session(["trades"]));
    await open();
    world.socket.say(event("trade_execution", { symbol: "ONLY" }, { position: 101 }));
    await settle();
    expect(screen.getByRole("button", { name: /^ONLY.*regime not in your token/ })).toBeTruthy();
  });
});
