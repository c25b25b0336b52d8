import { cleanup, fireEvent, render, screen } from "@testing-library/preact";
import { afterEach, expect, it, vi } from "vitest";
import { Dialogs } from "../../src/app/Dialogs";
import { Heralds } from "../../src/app/Heralds";
import { SettingsContext } from "../../src/synapse/hooks";
import { SettingsStore } from "../../src/synapse/settings";
import { useKeys } from "../../src/ui/keys";

vi.mock("../../src/synapse/hooks", async (load) => ({
  ...(await load<object>()),
  useSelected: (select: (snapshot: object) => unknown) =>
    select({ market: { symbols: {}, personaName: null }, machine: null }),
  useSession: () => ({ canWrite: false, scopes: [] }),
  useArrivals: () => {},
}));
const notifier = vi.hoisted(() => ({ rendered: 0 }));
vi.mock("../../src/features/notify/Notifier", () => ({
  default: () => {
    notifier.rendered += 1;
    return null;
  },
}));

afterEach(cleanup);

function Player() {
  useKeys({ Space: { label: "Play or pause", run: () => {} } }, "Time machine");
  return null;
}

it("lists the keys that are registered, by group, at ? and by the button", async () => {
  render(
    <>
      <Dialogs symbol="SPX" />
      <Player />
    </>,
  );
  fireEvent.keyDown(document.body, { key: "?" });
  const dialog = await screen.findByRole("dialog", { name: "Keys" });
  expect([...dialog.querySelectorAll("h3")].map((one) => one.textContent)).toEqual([
    "Everywhere",
    "Time machine",
  ]);
  expect([...dialog.querySelectorAll("dl > div")].map((one) => one.textContent)).toEqual([
    "?Keys",
    "sSettings",
    "SpacePlay or pause",
  ]);
  fireEvent.click(screen.getByRole("button", { name: "Close" }));
  expect(screen.queryByRole("dialog")).toBeNull();
  fireEvent.click(screen.getByRole("button", { name: "Keys" }));
  expect(await screen.findByRole("dialog", { name: "Keys" })).toBeTruthy();
});

it("opens the settings at s and by the button, one dialog at a time", async () => {
  render(<Dialogs symbol={null} />);
  fireEvent.keyDown(document.body, { key: "s" });
  expect(await screen.findByRole("dialog", { name: "Settings" })).toBeTruthy();
  fireEvent.keyDown(document.body, { key: "?" });
  expect(screen.getAllByRole("dialog")).toHaveLength(1);
  fireEvent.click(screen.getByRole("button", { name: "Close" }));
  fireEvent.click(screen.getByRole("button", { name: "Settings" }));
  expect(await screen.findByRole("dialog", { name: "Settings" })).toBeTruthy();
});

it("loads the notifier only when notifications or sound are wanted", async () => {
  const settings = new SettingsStore(null);
  const page = (
    <SettingsContext value={settings}>
      <Heralds />
    </SettingsContext>
  );
  const { rerender } = render(page);
  await screen.findByRole("region", { name: "Just now" });
  expect(notifier.rendered).toBe(0);
  settings.set({ sound: true });
  rerender(page);
  await vi.waitFor(() => expect(notifier.rendered).toBeGreaterThan(0));
});
