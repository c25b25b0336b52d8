import { act, cleanup, fireEvent, render } from "@testing-library/preact";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type KeyMap, KeyRegistry, keyName, pageKeys, useKeys } from "../../src/ui/keys";

afterEach(() => {
  cleanup();
  document.body.replaceChildren();
});

function registered(keys: KeyMap, group = "Test"): KeyRegistry {
  const registry = new KeyRegistry(document);
  forget.push(registry.add(group, () => keys));
  return registry;
}

const forget: (() => void)[] = [];
afterEach(() => {
  for (const one of forget.splice(0)) one();
});

function focused(html: string): Element {
  document.body.innerHTML = html;
  return document.body.firstElementChild!;
}

/** Answers whether the browser goes on to do what it does at the key. */
function press(key: string, init: KeyboardEventInit = {}, on: Element = document.body): boolean {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...init });
  // The test's browser takes Alt for AltGr.
  event.getModifierState = (name) => name === "AltGraph" && init.modifierAltGraph === true;
  return fireEvent(on, event);
}

describe("a key", () => {
  it("does what it was registered for, and the browser does nothing more", () => {
    const run = vi.fn();
    registered({ "[": { label: "Previous shift", run } });
    expect(press("[")).toBe(false);
    expect(press("x")).toBe(true);
    expect(run).toHaveBeenCalledTimes(1);
  });

  it("is found whatever the case, and the space bar by its name", () => {
    const run = vi.fn();
    registered({ q: { label: "Skip quiet", run }, Space: { label: "Play", run } });
    press("Q");
    press(" ");
    expect(run).toHaveBeenCalledTimes(2);
  });

  it.each([{ ctrlKey: true }, { altKey: true }, { metaKey: true }, { isComposing: true }])(
    "means nothing with %o",
    (modifier) => {
      const run = vi.fn();
      registered({ s: { label: "Settings", run } });
      press("s", modifier);
      expect(run).not.toHaveBeenCalled();
    },
  );

  it("may need AltGr to be written", () => {
    const run = vi.fn();
    registered({ "[": { label: "Previous shift", run } });
    press("[", { ctrlKey: true, altKey: true, modifierAltGraph: true });
    expect(run).toHaveBeenCalledTimes(1);
  });

  it.each([
    ['<input type="text">', "s"],
    ['<input type="password">', "s"],
    ["<textarea></textarea>", "s"],
    ["<select></select>", "s"],
    ['<div contenteditable="true"></div>', "s"],
    ["<button></button>", " "],
    ['<input type="range">', "ArrowLeft"],
    ['<div role="slider"></div>', "ArrowLeft"],
  ])("is left to %s: %s", (html, key) => {
    const run = vi.fn();
    const action = { label: "x", run };
    registered({ s: action, Space: action, ArrowLeft: action });
    press(key, {}, focused(html));
    expect(run).not.toHaveBeenCalled();
  });

  it("has the space bar on a button that was pressed with the pointer, until the keyboard comes to it", () => {
    const run = vi.fn();
    registered({ Space: { label: "x", run } });
    const button = focused("<button></button>");
    button.dispatchEvent(new Event("pointerdown", { bubbles: true }));
    button.dispatchEvent(new Event("focusin", { bubbles: true }));
    press(" ", {}, button);
    expect(run).toHaveBeenCalledTimes(1);
    document.body.dispatchEvent(new Event("focusin", { bubbles: true }));
    button.dispatchEvent(new Event("focusin", { bubbles: true }));
    press(" ", {}, button);
    expect(run).toHaveBeenCalledTimes(1);
  });

  it.each([
    ["<button></button>", "s"],
    ['<input type="checkbox">', "s"],
    ["<button></button>", "ArrowLeft"],
  ])("still works on %s: %s", (html, key) => {
    const run = vi.fn();
    registered({ s: { label: "x", run }, ArrowLeft: { label: "x", run } });
    press(key, {}, focused(html));
    expect(run).toHaveBeenCalledTimes(1);
  });

  it("means nothing while a dialog is open, nor where somebody else has taken it", () => {
    const run = vi.fn();
    registered({ Escape: { label: "Back to live", run } });
    const dialog = focused("<dialog open></dialog>");
    press("Escape");
    dialog.remove();
    document.body.addEventListener("keydown", (event) => event.preventDefault(), { once: true });
    press("Escape");
    expect(run).not.toHaveBeenCalled();
    press("Escape");
    expect(run).toHaveBeenCalledTimes(1);
  });

  it("runs once while it is held, unless it says otherwise", () => {
    const [once, again] = [vi.fn(), vi.fn()];
    registered({
      p: { label: "Pin", run: once },
      ".": { label: "Next event", run: again, repeats: true },
    });
    for (const repeat of [false, true, true]) {
      press("p", { repeat });
      press(".", { repeat });
    }
    expect([once, again].map((run) => run.mock.calls.length)).toEqual([1, 3]);
  });

  it("belongs to whoever registered it last, until that one goes", () => {
    const [older, newer] = [vi.fn(), vi.fn()];
    const registry = registered({ s: { label: "Older", run: older } });
    const remove = registry.add("Test", () => ({ s: { label: "Newer", run: newer } }));
    press("s");
    expect(registry.list()).toEqual([{ name: "Test", keys: [{ key: "s", label: "Newer" }] }]);
    remove();
    press("s");
    expect([older, newer].map((run) => run.mock.calls.length)).toEqual([1, 1]);
  });
});

function Keyed({ run }: { run: () => void }) {
  useKeys({ s: { label: "Settings", run } });
  useKeys({ ArrowLeft: { label: "Back", run } }, "Time machine");
  return null;
}

describe("a component", () => {
  it("has its keys in the list, in groups, as long as it is there", () => {
    const { unmount } = render(<Keyed run={() => {}} />);
    expect(pageKeys.list()).toEqual([
      { name: "Everywhere", keys: [{ key: "s", label: "Settings" }] },
      { name: "Time machine", keys: [{ key: "ArrowLeft", label: "Back" }] },
    ]);
    act(() => {
      unmount();
    });
    expect(pageKeys.list()).toEqual([]);
  });

  it("may change what a key does", () => {
    const [first, second] = [vi.fn(), vi.fn()];
    const { rerender } = render(<Keyed run={first} />);
    rerender(<Keyed run={second} />);
    press("s");
    expect([first, second].map((run) => run.mock.calls.length)).toEqual([0, 1]);
  });
});

it("names keys as they stand on the keyboard", () => {
  expect(["ArrowLeft", "Escape", "?", "Space"].map(keyName)).toEqual(["←", "Esc", "?", "Space"]);
});
