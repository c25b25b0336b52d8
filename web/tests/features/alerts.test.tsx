import { act, cleanup, fireEvent, screen, within } from "@testing-library/preact";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { PriceAlerts } from "../../src/features/alerts/PriceAlerts";
import type { AlertView } from "../../src/synapse/view";
import { EVENTS } from "../samples";
import { renderWithStore } from "../withStore";

const known = vi.hoisted(() => ({
  alerts: [] as unknown[],
  machine: null as unknown,
  canWrite: true,
  isSignedIn: false,
  acknowledge: async (_id: string): Promise<string | null> => null,
}));

vi.mock("../../src/synapse/hooks", async (original) => ({
  ...(await original<object>()),
  usePriceAlerts: () => known.alerts,
  useMachine: () => ({ machine: known.machine }),
  useSession: () => known,
  useAcknowledge: () => known.acknowledge,
}));

beforeEach(() => Object.assign(known, { machine: null, canWrite: true, isSignedIn: false }));
afterEach(cleanup);

const alert = (more: Partial<AlertView>): AlertView => ({
  ...EVENTS.price_alert,
  acknowledged: false,
  ...more,
});

function show(...alerts: AlertView[]): HTMLElement {
  known.alerts = alerts;
  renderWithStore(<PriceAlerts symbol="SPX" />);
  return screen.getByRole("region", { name: "Alerts" });
}

it("says how grave each is by a shape and a word, not by colour alone", () => {
  const severities = ["info", "warning", "critical"] as const;
  const panel = show(...severities.map((severity) => alert({ alert_id: severity, severity })));
  const shapes = [...panel.querySelectorAll(".severity")];
  expect(shapes.map((shape) => shape.textContent)).toEqual(["info", "warning", "critical"]);
  expect(new Set(shapes.map((shape) => shape.querySelector("svg")?.innerHTML)).size).toBe(3);
});

it("acknowledges one, and tells what is wrong when that fails", async () => {
  known.acknowledge = vi.fn(async () => "The recorder is not there.");
  const panel = show(alert({ alert_id: "a7" }), alert({ alert_id: "seen", acknowledged: true }));
  const buttons = within(panel).getAllByRole("button", { name: /^Acknowledge: / });
  expect(buttons).toHaveLength(1);
  await act(async () => {
    fireEvent.click(buttons[0] as HTMLElement);
  });
  expect(known.acknowledge).toHaveBeenCalledExactlyOnceWith("a7");
  expect(panel.textContent).toContain("The recorder is not there.");
  expect(panel.textContent).toContain("✓ acknowledged");
});

it("keeps the focus in the list when the button that has it goes", () => {
  const first = alert({ alert_id: "a1" });
  const second = alert({ alert_id: "a2" });
  const panel = show(first, second);
  const acknowledge = (): HTMLElement[] =>
    within(panel).getAllByRole("button", { name: /^Acknowledge: / });
  acknowledge()[0]?.focus();
  known.alerts = [{ ...first, acknowledged: true }, second];
  fireEvent.click(within(panel).getByRole("button", { name: "All" }));
  expect(document.activeElement).toBe(acknowledge()[0]);
});

it("explains how to acknowledge where the page may only read", () => {
  known.canWrite = false;
  const panel = show(alert({}));
  expect(within(panel).queryByRole("button", { name: /^Acknowledge/ })).toBeNull();
  expect(panel.textContent).toContain("open the link that the recorder prints");
});

it("says so to somebody whose token does not acknowledge", () => {
  Object.assign(known, { canWrite: false, isSignedIn: true });
  expect(show(alert({})).textContent).toContain("Your token does not acknowledge alerts");
});

it("shows those of a replay as ghosts that nobody can acknowledge", () => {
  known.machine = { position: 7 };
  const panel = show(alert({}));
  expect(within(panel).getByRole("list", { name: "Alerts" }).dataset.ghost).toBe("true");
  expect(within(panel).queryByRole("button", { name: /^Acknowledge/ })).toBeNull();
  expect(panel.textContent).toContain("As they were at this moment");
});
