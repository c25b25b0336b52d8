import { act, cleanup, fireEvent, render, screen } from "@testing-library/preact";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ChartPanel } from "../../src/features/chart/ChartPanel";
import { MarkSwitch } from "../../src/features/chart/MarkSwitch";
import { ShiftTable } from "../../src/features/chart/ShiftTable";
import { TakeAway } from "../../src/features/chart/TakeAway";
import TakeAwayMenu from "../../src/features/chart/TakeAwayMenu";
import { chartKey } from "../../src/features/chart/chartKeys";
import { eventsPath } from "../../src/features/chart/events";
import { LEGEND_MS } from "../../src/features/chart/feedHooks";
import { footWords, headWords, pictureName } from "../../src/features/chart/picture";
import type { ChartTheme } from "../../src/features/chart/theme";
import { SynapseContext } from "../../src/synapse/hooks";
import { SynapseStore } from "../../src/synapse/store";
import { formatFor } from "../../src/ui/format";
import { Viewport } from "../../src/ui/viewport";
import { DAY_S, FIRST_S, FakeFeed, days } from "../bars";
import { episodesOf } from "../episodes";
import { fakeApi } from "../fakeApi";
import { FakeWorld } from "../fakeWorld";
import { renderWithStore } from "../withStore";

const rendered = vi.fn<(range: string) => void>();
vi.mock("../../src/features/chart/PriceChart", () => ({
  default: ({ range }: { range: string }) => {
    rendered(range);
    return <div data-testid="chart" data-range={range} />;
  },
}));

let feed: FakeFeed;
let viewport: Viewport;

beforeEach(() => {
  feed = new FakeFeed();
  viewport = new Viewport();
  rendered.mockReset();
});

afterEach(() => {
  cleanup();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function open(): Promise<void> {
  const store = new SynapseStore(new FakeWorld(), fakeApi());
  vi.spyOn(store, "feed").mockReturnValue(feed as unknown as ReturnType<typeof store.feed>);
  render(
    <SynapseContext value={store}>
      <ChartPanel symbol="SPX" simulated={false} viewport={viewport} />
    </SynapseContext>,
  );
  await screen.findByTestId("chart");
}

const legend = (): string => document.querySelector(".chart-legend")?.textContent ?? "";

const pressed = (name: string): string | null =>
  screen.getByRole("button", { name }).getAttribute("aria-pressed");

describe("the chart's panel", () => {
  it("says that it reads, that it failed, and that there is nothing", async () => {
    await open();
    expect(screen.getByText("Reading prices.")).toBeTruthy();
    act(() => feed.give({ status: "failed" }));
    expect(screen.getByText(/could not be read/)).toBeTruthy();
    act(() => feed.give({ status: "ready" }));
    expect(screen.getByText("No prices of SPX yet.")).toBeTruthy();
  });

  it("renders nothing anew for a tick but the legend, a few times a second", async () => {
    await open();
    vi.useFakeTimers();
    act(() => feed.give({ bars: days(400), generation: 1 }));
    rendered.mockReset();
    act(() => {
      for (const price of [7, 8, 9]) {
        feed.give({ bars: days(400).map((bar) => ({ ...bar, close: price })) });
      }
    });
    act(() => {
      vi.advanceTimersByTime(2 * LEGEND_MS);
    });
    expect(legend()).toMatch(/^9Oct/);
    expect(rendered).not.toHaveBeenCalled();
  });

  it("offers what is shorter than the data, keeps the choice, and tells the ribbon", async () => {
    await open();
    act(() => feed.give({ bars: days(400), generation: 1 }));
    expect(screen.queryByRole("button", { name: "5Y" })).toBeNull();
    act(() => viewport.ask({ from: FIRST_S, to: FIRST_S + DAY_S }));
    expect(pressed("All")).toBe("false");
    fireEvent.click(screen.getByRole("button", { name: "1Y" }));
    expect(screen.getByTestId("chart").dataset.range).toBe("year");
    expect(viewport.get().wanted).toBeNull();
    expect(pressed("1Y")).toBe("true");
  });
});

describe("the chart's tools", () => {
  it("have nothing to switch of what is not in the token, and say so", () => {
    const change = vi.fn();
    render(<MarkSwitch missing={new Set(["trade"])} hidden={new Set()} onChange={change} />);
    const trades = screen.getByRole("button", { name: "Trades", pressed: false });
    expect([trades.title, trades.ariaDisabled ?? trades.getAttribute("aria-disabled")]).toEqual([
      "Not in your token",
      "true",
    ]);
    fireEvent.click(trades);
    expect(change).not.toHaveBeenCalled();
  });

  it("names the shapes and hides a kind", () => {
    const change = vi.fn<(hidden: ReadonlySet<string>) => void>();
    render(<MarkSwitch missing={new Set()} hidden={new Set()} onChange={change} />);
    const button = screen.getByRole("button", { name: "Alerts" });
    expect(button.title).toBe("info, warning, critical");
    fireEvent.click(button);
    expect([...(change.mock.calls[0]?.[0] ?? [])]).toEqual(["alert"]);
  });

  it("tells the shifts in view as a table, up to the moment that is shown", () => {
    const episodes = episodesOf([
      { regime: "BULL", at: FIRST_S },
      { regime: "BEAR", at: FIRST_S + DAY_S },
      { regime: "CRASH", at: FIRST_S + 2 * DAY_S },
    ]);
    const span = { from: FIRST_S, to: FIRST_S + 9 * DAY_S };
    const { rerender } = render(<ShiftTable span={span} episodes={episodes} moment={null} />);
    expect(screen.getAllByRole("row")).toHaveLength(3);
    rerender(<ShiftTable span={span} episodes={episodes} moment={20} />);
    expect(screen.getAllByRole("row")).toHaveLength(2);
  });

  it("asks for the events in view, of the past only up to the moment", () => {
    const span = { from: FIRST_S, to: FIRST_S + 59 };
    expect(eventsPath("csv", "BRK/B", span, null)).toBe(
      "api/events?format=csv&symbols=BRK%2FB&since=2001-09-09T01%3A46%3A40.000Z&until=2001-09-09T01%3A47%3A40.000Z",
    );
    expect(eventsPath("parquet", "SPX", null, 41)).toBe(
      "api/events?format=parquet&symbols=SPX&before=42",
    );
  });

  it("shows why a file cannot be had, in the server's words", async () => {
    const detail = "Parquet needs the extra `export`.";
    const answer = Response.json({ detail }, { status: 501 });
    const get = vi.fn<typeof fetch>(async () => answer);
    vi.stubGlobal("fetch", get);
    renderWithStore(<TakeAwayMenu symbol="SPX" span={null} onPng={() => {}} onTaken={() => {}} />);
    fireEvent.click(screen.getByRole("link", { name: "Parquet" }));
    expect(await screen.findByText(detail)).toBeTruthy();
    expect(String(get.mock.calls[0]?.[0])).toContain("limit=1");
  });

  it("closes after Escape, with the focus on its button, and after a press elsewhere", () => {
    renderWithStore(<TakeAway symbol="SPX" span={null} onPng={() => {}} />);
    const details = document.querySelector("details")!;
    const page = vi.fn<() => void>();
    document.addEventListener("keydown", page);
    details.open = true;
    fireEvent.keyDown(screen.getByText("Take away"), { key: "Escape" });
    document.removeEventListener("keydown", page);
    expect(details.open).toBe(false);
    expect(document.activeElement).toBe(screen.getByText("Take away"));
    expect(page).not.toHaveBeenCalled();
    details.open = true;
    fireEvent.pointerDown(screen.getByText("Take away"));
    expect(details.open).toBe(true);
    fireEvent.pointerDown(document.body);
    expect(details.open).toBe(false);
  });

  it("captions a picture with its moment, position and state", () => {
    const format = formatFor("en-GB", "UTC");
    const pictured = {
      symbol: "SPX",
      at: "2008-10-10T21:00:00Z",
      position: 12_345,
      hash: "0123456789abcdef",
      format,
      theme: {} as ChartTheme,
    };
    expect(headWords(pictured)).toContain("10 Oct 2008");
    expect(headWords({ ...pictured, at: null })).toMatch(/^live, /);
    expect(footWords(pictured)).toBe(
      "position 12,345 · state 0123456789ab · Not investment advice",
    );
    expect(footWords({ ...pictured, hash: "" })).toBe("position 12,345 · Not investment advice");
    expect(pictureName("BRK/B", "2008-10-10T21:00:00Z", 12_345)).toBe(
      "synapse-BRK_B-2008-10-10-position-12345.png",
    );
  });

  it("takes its keys for itself, and leaves the others to the page", () => {
    const move = vi.fn<(parts: number, factor?: number) => void>();
    const press = (key: string): KeyboardEvent => {
      const event = new KeyboardEvent("keydown", { key, cancelable: true, bubbles: true });
      vi.spyOn(event, "stopPropagation");
      chartKey(event, { move }, viewport);
      return event;
    };
    expect(press("ArrowLeft").stopPropagation).toHaveBeenCalled();
    press("+");
    expect(move.mock.calls).toEqual([[-0.1], [0, 0.75]]);
    expect(press("q").stopPropagation).not.toHaveBeenCalled();
  });
});
