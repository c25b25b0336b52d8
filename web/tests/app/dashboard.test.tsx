import { act, cleanup, fireEvent, render, screen, within } from "@testing-library/preact";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { App } from "../../src/app/App";
import { choose } from "../../src/app/useAddress";
import { parseBars } from "../../src/synapse/bars";
import { SynapseContext, usePriceAlerts, useSynapse } from "../../src/synapse/hooks";
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
const api = fakeApi(given);

beforeEach(() => {
  window.history.replaceState(null, "", "/");
  world = new FakeWorld();
  store = new SynapseStore(world, api);
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

async function open(): Promise<void> {
  render(
    <SynapseContext value={store}>
      <App store={store} />
    </SynapseContext>,
  );
  goLive();
  await settle();
}

const card = (symbol: string): HTMLElement =>
  screen.getByRole("region", { name: `Market status of ${symbol}` });

const pill = (): string | null | undefined =>
  document.querySelector(".connection-pill")?.textContent;

describe("the dashboard", () => {
  it("shows SPX first, live", async () => {
    await open();
    expect(screen.getByText("Live")).toBeTruthy();
    expect(within(card("SPX")).getByText("Time to be careful 🐻")).toBeTruthy();
    expect(await screen.findByTestId("chart")).toBeTruthy();
  });

  it("tells how a symbol comes while the log has none", async () => {
    const none = { symbols: {}, alerts: [], trades: [] };
    const empty = fakeApi({ state: async () => parseState({ ...STATE, ...none })! });
    store = new SynapseStore(world, empty);
    await open();
    const steps = screen.getByRole("region", { name: "Nothing to show so far" });
    expect(steps.textContent).toContain("POST /api/prices");
    world.socket.say(event("regime_update", { symbol: "E2E" }, { position: 101 }));
    await settle();
    expect(screen.queryByRole("region", { name: "Nothing to show so far" })).toBeNull();
  });

  it("shows a symbol of which only an alert is known", async () => {
    const none = { symbols: {}, alerts: [], trades: [] };
    store = new SynapseStore(world, fakeApi({ state: async () => parseState({ ...STATE, ...none })! }));
    await open();
    world.socket.say(event("price_alert", { symbol: "ONLY" }, { position: 101 }));
    await settle();
    expect(screen.getByRole("button", { name: /^ONLY.*no regime yet/ })).toBeTruthy();
    expect(within(screen.getByRole("list", { name: "Alerts" })).getByText("ONLY")).toBeTruthy();
  });

  it("adds a symbol that it has not seen before, and shows it when it is chosen", async () => {
    await open();
    world.socket.say(event("regime_update", { symbol: "E2E" }, { position: 101, source: "manual" }));
    await settle();
    const chip = screen.getByRole("button", { name: /E2E/ });
    expect(chip.textContent).toContain("CRASH");
    expect(chip.getAttribute("aria-pressed")).toBe("false");
    fireEvent.click(chip);
    await settle();
    expect(within(card("E2E")).getByText("SELL EVERYTHING! 🔥")).toBeTruthy();
    expect(within(card("E2E")).getByText("manual test broadcast")).toBeTruthy();
    await vi.waitFor(() => expect(window.location.search).toBe("?symbol=E2E"));
  });

  it("announces a shift of the chosen symbol", async () => {
    await open();
    world.socket.say(event("regime_update", {}, { position: 101 }));
    await settle();
    expect(screen.getByText("SPX has shifted from BEAR to CRASH.")).toBeTruthy();
  });

  it("greys out when the line drops and says how old everything is", async () => {
    await open();
    vi.spyOn(Date, "now").mockReturnValue(world.time + 42_000);
    world.socket.onclose?.({ code: 1006, reason: "" });
    await settle();
    expect(card("SPX").dataset.live).toBe("false");
    expect(screen.getByText("last known, 42 s ago")).toBeTruthy();
  });

  it("comes back at once when the network does", async () => {
    await open();
    world.socket.onclose?.({ code: 1006, reason: "" });
    expect(world.sockets).toHaveLength(1);
    window.dispatchEvent(new Event("online"));
    expect(world.sockets).toHaveLength(2);
    goLive();
    await settle();
    expect(screen.getByText("Live")).toBeTruthy();
  });

  it("shows alerts of the chosen symbol or of all", async () => {
    await open();
    const other = { symbol: "SIM", alert_id: "sim1", message: "SIM is high" };
    world.socket.say(event("price_alert", other, { position: 101 }));
    await settle();
    const alerts = screen.getByRole("region", { name: "Alerts" });
    expect(within(alerts).queryByText("SIM is high")).toBeNull();
    fireEvent.click(within(alerts).getByRole("button", { name: "All" }));
    expect(within(alerts).getByText("SIM is high")).toBeTruthy();
  });

  it("shows the portfolio and the trades", async () => {
    await open();
    const portfolio = screen.getByRole("region", { name: "Portfolio main" });
    expect(portfolio.textContent).toContain("104,000.50");
    expect(screen.getByText("12.5 SPX at 2,351.10")).toBeTruthy();
    expect(screen.getAllByText("Paper trading")).toHaveLength(2);
  });

  it("marks an alert as acknowledged as soon as somebody has seen it", async () => {
    await open();
    const alerts = screen.getByRole("list", { name: "Alerts" });
    const marked = (): number => within(alerts).queryAllByText("✓ acknowledged").length;
    expect(marked()).toBe(1);
    const seen = { kind: "alert_acknowledged", details: { alert_id: "new" } } as const;
    world.socket.say(event("system_notice", seen, { position: 101 }));
    await settle();
    expect(marked()).toBe(2);
  });

  it("does not say live when the chosen symbol's feed has stopped", async () => {
    await open();
    const details = { feed: "spx", symbols: ["SPX"], reason: "ended" };
    world.socket.say(
      event("system_notice", { kind: "feed_stopped", details }, { position: 101 }),
    );
    await settle();
    expect(pill()).toBe("Connected");
    expect(document.querySelector(".feed-line")?.textContent).toBe("feed spx ended Dec 24, 2018");
    fireEvent.click(screen.getByRole("button", { name: /NEW/ }));
    expect(pill()).toBe("Live");
    fireEvent.click(screen.getByRole("button", { name: /SPX BEAR|SPX/, pressed: false }));
    world.socket.say(
      event("system_notice", { kind: "feed_started", details }, { position: 102 }),
    );
    await settle();
    expect(pill()).toBe("Live");
  });
});

function Probe({ symbol }: { symbol: string }) {
  const { continuity } = useSynapse();
  const alerts = usePriceAlerts(symbol);
  const all = usePriceAlerts();
  const text = [alerts.length, all.length];
  return <p data-testid="probe">{[...text, continuity.received].join(" ")}</p>;
}

describe("the hooks", () => {
  it("share one socket and tell one symbol from another", async () => {
    store.start();
    render(
      <SynapseContext value={store}>
        <Probe symbol="SPX" />
        <Probe symbol="SIM" />
      </SynapseContext>,
    );
    goLive();
    await settle();
    world.socket.say(event("regime_update", {}, { position: 101 }));
    world.socket.say(event("price_alert", { symbol: "SIM", alert_id: "x" }, { position: 102 }));
    await settle();
    const [spx, sim] = screen.getAllByTestId("probe").map((probe) => probe.textContent);
    expect(spx).toBe("2 3 2");
    expect(sim).toBe("1 3 2");
    expect(world.sockets).toHaveLength(1);
  });

  it("say so when there is no store above them", () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    expect(() => render(<Probe symbol="SPX" />)).toThrow("SynapseContext");
  });
});

it("chooses what the address names, else SPX, else the first", () => {
  expect(choose("ABC", ["SPX"])).toBe("ABC");
  expect(choose(null, ["AAA", "SPX"])).toBe("SPX");
  expect(choose(null, ["AAA", "BBB"])).toBe("AAA");
  expect(choose(null, [])).toBeNull();
});
