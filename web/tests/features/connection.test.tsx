import { act, cleanup, render, screen } from "@testing-library/preact";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ConnectionPill } from "../../src/features/connection/ConnectionPill";
import { ContinuityPanel } from "../../src/features/connection/ContinuityPanel";
import { formatFor } from "../../src/ui/format";
import { continuityWords } from "../../src/features/connection/words";
import type { Connection } from "../../src/synapse/connection";
import type { Snapshot } from "../../src/synapse/store";
import { EMPTY_VIEW } from "../../src/synapse/view";

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
});

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

const ENGLISH = formatFor("en-GB", "UTC");
const continuity = { received: 12_431, missed: 0, duplicates: 0, resumed: 3 };

function snapshot(connection: Connection, more: Partial<Snapshot> = {}): Snapshot {
  return {
    connection,
    continuity,
    lastMessageAt: null,
    position: 20_543,
    invalid: 0,
    problem: null,
    loaded: true,
    epoch: "e1",
    live: EMPTY_VIEW,
    market: EMPTY_VIEW,
    machine: null,
    ...more,
  };
}

it("counts down to the next try", () => {
  render(<ConnectionPill connection={{ name: "reconnecting", retryAt: 1_004_000 }} />);
  expect(screen.getByText("Reconnecting in 4 s")).toBeTruthy();
  act(() => {
    vi.advanceTimersByTime(3000);
  });
  expect(screen.getByText("Reconnecting in 1 s")).toBeTruthy();
  act(() => {
    vi.advanceTimersByTime(2000);
  });
  expect(screen.getByText("Reconnecting now")).toBeTruthy();
});

it("proves that nothing was missed", () => {
  expect(continuityWords(continuity, ENGLISH)).toBe("0 missed of 12,431, resumed 3 times");
  expect(continuityWords({ ...continuity, resumed: 0 }, ENGLISH)).toBe("0 missed of 12,431");
  expect(continuityWords({ ...continuity, missed: 2, resumed: 1 }, ENGLISH)).toBe(
    "2 missed of 12,433, resumed once",
  );
});

it("says what the connection is doing, without counting aloud", () => {
  const panel = snapshot({ name: "reconnecting", retryAt: 1_004_000 });
  const { container } = render(<ContinuityPanel snapshot={panel} />);
  expect(container.querySelector("output")?.textContent).toContain("will be read again");
  expect(container.textContent).toContain("0 missed of 12,431, resumed 3 times");
  expect(container.textContent).toContain("position 20,543");
});

it("says why it was refused, and what could not be read", () => {
  const refused = snapshot({ name: "refused", reason: "It wants a sign-in." }, { invalid: 2 });
  const { container } = render(<ContinuityPanel snapshot={refused} />);
  expect(container.textContent).toContain("It wants a sign-in.");
  expect(container.textContent).toContain("2 messages did not fit");
});
