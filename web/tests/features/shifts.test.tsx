import { cleanup, fireEvent, screen, within } from "@testing-library/preact";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ShiftList } from "../../src/features/shifts/ShiftList";
import type { Episode } from "../../src/synapse/episodes";
import { renderWithStore } from "../withStore";

const known = vi.hoisted(() => ({
  episodes: [] as unknown[],
  machine: null as unknown,
  goTo: (_moment: unknown): void => {},
}));

vi.mock("../../src/synapse/hooks", async (original) => ({
  ...(await original<object>()),
  useEpisodes: () => known.episodes,
  useMachine: () => ({ machine: known.machine, controls: { goTo: known.goTo } }),
}));

beforeEach(() => {
  known.machine = null;
});
afterEach(cleanup);

const EPISODE: Episode = {
  symbol: "SPX",
  regime: "BULL",
  previous_regime: null,
  position: 1,
  start: "1950-01-03T21:00:00.000000Z",
  end: "2008-10-06T20:00:00.000000Z",
  start_price: "16.66",
  end_price: "1056.89",
  bars: 100,
  return: 0.5,
  maximum_drawdown: -0.1,
  mean_confidence: 0.8,
  source: "import",
};

const HISTORY: Episode[] = [
  EPISODE,
  {
    ...EPISODE,
    regime: "CRASH",
    previous_regime: "BULL",
    position: 50,
    start: "2008-10-06T20:00:00.000000Z",
    end: "2008-12-01T21:00:00.000000Z",
    bars: 39,
    return: -0.227,
    maximum_drawdown: -0.289,
  },
  {
    ...EPISODE,
    regime: "BEAR",
    previous_regime: "CRASH",
    position: 90,
    start: "2008-12-01T21:00:00.000000Z",
    end: null,
  },
];

function rows(): HTMLElement[] {
  known.episodes = HISTORY;
  renderWithStore(<ShiftList symbol="SPX" />);
  return within(screen.getByRole("list", { name: "Shifts" })).getAllByRole("listitem");
}

it("lists every shift, newest first, with what came of it", () => {
  const [newest, crash] = rows();
  expect(newest?.textContent).toBe("CRASH→BEARDec 1, 2008since Dec 1, 2008");
  expect(crash?.textContent).toBe("BULL→CRASHOct 6, 2008lasted 39 bars, −22.7%, worst −28.9%");
});

it("leads to the moment of each", () => {
  known.goTo = vi.fn();
  fireEvent.click(within(rows()[1] as HTMLElement).getByRole("button"));
  expect(known.goTo).toHaveBeenCalledExactlyOnceWith({ position: 50 });
});

it("tells in a replay only what was known at that moment", () => {
  known.machine = { position: 60 };
  const shown = rows();
  expect(shown.map((row) => row.textContent)).toEqual(["BULL→CRASHOct 6, 2008"]);
});

it("is one stop of Tab, and the arrows go from shift to shift", () => {
  const buttons = rows().map((row) => within(row).getByRole("button"));
  const stops = (): number[] => buttons.map((button) => button.tabIndex);
  expect(stops()).toEqual([0, -1]);
  buttons[0]?.focus();
  fireEvent.keyDown(buttons[0] as HTMLElement, { key: "ArrowDown" });
  expect(document.activeElement).toBe(buttons[1]);
  expect(stops()).toEqual([-1, 0]);
  fireEvent.keyDown(buttons[1] as HTMLElement, { key: "ArrowDown" });
  expect(document.activeElement).toBe(buttons[1]);
  fireEvent.keyDown(buttons[1] as HTMLElement, { key: "Home" });
  expect(document.activeElement).toBe(buttons[0]);
});
