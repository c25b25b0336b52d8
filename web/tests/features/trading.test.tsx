import { act, cleanup, render, screen, within } from "@testing-library/preact";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PortfolioUpdates } from "../../src/features/portfolio/PortfolioUpdates";
import { TradeExecutions } from "../../src/features/trades/TradeExecutions";
import { SynapseContext } from "../../src/synapse/hooks";
import { FLUSH_MS, SynapseStore } from "../../src/synapse/store";
import type { ServerEvent } from "../../src/synapse/generated";
import { fakeApi } from "../fakeApi";
import { FakeWorld } from "../fakeWorld";
import { EVENTS, event } from "../samples";

let world: FakeWorld;
let store: SynapseStore;

beforeEach(() => {
  world = new FakeWorld();
  store = new SynapseStore(world, fakeApi());
  render(
    <SynapseContext value={store}>
      <PortfolioUpdates />
      <TradeExecutions symbol="SPX" />
    </SynapseContext>,
  );
});

afterEach(cleanup);

function tell(...events: ServerEvent[]): void {
  act(() => {
    for (const one of events) store.onEvent(one);
    store.onChange();
    world.pass(FLUSH_MS);
  });
}

const region = (name: string): HTMLElement => screen.getByRole("region", { name });

describe("trades", () => {
  it("are not shown while there are none", () => {
    expect(screen.queryByRole("region")).toBeNull();
  });

  it("say what was traded, at which price and fees, and why", () => {
    const paper = {
      quantity: "979.412744",
      fees: "99.90",
      reason: { regime: "CRASH", confidence: 0.9, rule: "paper:follow_regime" },
    } as const;
    tell(event("trade_execution", paper, { source: "paper" }));
    const text = region("Trades").textContent;
    expect(text).toContain("Sell979.412744 SPX at 2,351.10");
    expect(text).toContain("main, filled, fees 99.90");
    expect(text).toContain("CRASH90% confidentrule paper:follow_regime");
  });

  it("are paper trading, one's own, or a test, by the source of each", () => {
    tell(
      event("trade_execution", { trade_id: "1", reason: null }, { source: "api" }),
      event("trade_execution", { trade_id: "2" }, { source: "manual" }),
    );
    const rows = () => within(region("Trades")).getAllByRole("listitem");
    const origins = () => rows().map((row) => row.querySelector(".origin")?.textContent);
    expect(origins()).toEqual(["Manual test", "Own trades"]);
    expect(region("Trades").textContent).not.toMatch(/paper|advice/i);
    tell(event("trade_execution", { trade_id: "3" }, { source: "paper" }));
    expect(origins()).toEqual(["Paper trading", "Manual test", "Own trades"]);
    expect(region("Trades").textContent).toContain("Not investment advice");
  });
});

describe("portfolios", () => {
  it("show what they are worth, gained, risk and hold", () => {
    const figures = { exposure: 0.37, benchmark_pnl_pct: 0.548, daily_pnl: "-10.5" };
    tell(event("portfolio_update", figures, { source: "paper" }));
    const main = region("Portfolio main");
    expect(main.textContent).toContain("mainPaper trading");
    expect(main.textContent).toContain("104,000.50+4,000.50 (+4.0%)");
    expect(main.textContent).toContain("Daily PnL−10.50");
    expect(main.textContent).toContain("Buy and hold+54.8%");
    expect(main.textContent).toContain("Exposure37%Drawdown10.0%");
    const held = within(main).getByRole("list", { name: "Positions of main" });
    expect(held.textContent).toBe("SPX1at 2,000.00 on averageworth 2,351.10+351.10 unrealised");
    expect(region("Portfolio").textContent).toContain("Not investment advice");
  });

  it("are labelled one by one; those from outside have no benchmark", () => {
    const short = { ...EVENTS.portfolio_update.positions[0]!, quantity: "-15" };
    tell(
      event("portfolio_update", { portfolio_id: "mine", positions: [short] }, { source: "api" }),
    );
    expect(region("Portfolio mine").textContent).toContain("mineOwn trades");
    expect(region("Portfolio mine").textContent).toContain("SPX−15");
    expect(region("Portfolio mine").textContent).not.toContain("Buy and hold");
    expect(document.body.textContent).not.toMatch(/paper/i);
    tell(event("portfolio_update", { positions: [] }, { source: "paper" }));
    expect(region("Portfolio main").textContent).toContain("No open position.");
    expect(within(region("Portfolios")).getAllByText("Paper trading")).toHaveLength(1);
  });
});
