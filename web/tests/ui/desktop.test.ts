import { afterEach, expect, it, vi } from "vitest";
import { askForDesktop, desktopPermission, showOnDesktop } from "../../src/ui/desktop";

const NOTE = { title: "SPX: CRASH", body: "From BEAR", tag: "synapse-shift-SPX" };

function browserWith(permission: NotificationPermission, make: () => object = () => ({})): object[][] {
  const made: object[][] = [];
  class FakeNotification {
    static permission = permission;
    static requestPermission = async (): Promise<string> => permission;

    constructor(...given: object[]) {
      made.push(given);
      Object.assign(this, make());
    }

    addEventListener = (): void => {};
  }
  vi.stubGlobal("Notification", FakeNotification);
  return made;
}

afterEach(() => {
  vi.unstubAllGlobals();
});

it("shows a silent note that takes the place of the last of its tag", async () => {
  const made = browserWith("granted");
  expect(await askForDesktop()).toBe("granted");
  expect(showOnDesktop(NOTE)).toBe(true);
  const { body, tag, title } = NOTE;
  expect(made).toEqual([[title, { body, tag, silent: true }]]);
});

it("shows none without the reader's permission", async () => {
  const made = browserWith("denied");
  expect(await askForDesktop()).toBe("denied");
  expect([showOnDesktop(NOTE), made.length]).toEqual([false, 0]);
});

it("shows none where the browser leaves it to apps, or has none", async () => {
  browserWith("granted", () => {
    throw new TypeError("Illegal constructor");
  });
  expect(showOnDesktop(NOTE)).toBe(false);
  vi.unstubAllGlobals();
  Reflect.deleteProperty(window, "Notification");
  expect([desktopPermission(), await askForDesktop()]).toEqual(["missing", "missing"]);
  expect(showOnDesktop(NOTE)).toBe(false);
});
