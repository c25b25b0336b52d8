import { useEffect, useLayoutEffect, useRef } from "react";

/** What a key does. Keys are named as `KeyboardEvent.key` names them; the space bar is `Space`. */
export interface KeyAction {
  /** In words, for the list of keys: `Next shift`. */
  readonly label: string;
  readonly run: () => void;
  /** Whether it runs again and again while the key is held. */
  readonly repeats?: boolean;
}

export type KeyMap = Readonly<Record<string, KeyAction>>;

/** Keys that belong together, as the list shows them. */
export interface KeyGroup {
  readonly name: string;
  readonly keys: readonly { readonly key: string; readonly label: string }[];
}

const EVERYWHERE = "Everywhere";

interface Registration {
  readonly group: string;
  readonly read: () => KeyMap;
}

const TYPED = 'textarea, select, [contenteditable]:not([contenteditable="false"])';
const PRESSED = "button, a[href], summary, input, [role=button]";
const MOVED = "input, [role=slider], [role=radiogroup], [role=tablist], [role=listbox]";
const NO_TEXT = new Set(["button", "checkbox", "color", "radio", "range", "reset", "submit"]);
const PRESSES = new Set(["Space", "Enter"]);
const MOVES = new Set(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"]);

/** All keys of the page; it listens only while somebody has registered one. */
export class KeyRegistry {
  private readonly registrations: Registration[] = [];
  /** What was pressed with the pointer and has kept the focus since: no reason to take its keys for its own. */
  private pointed: Element | null = null;

  constructor(private readonly document: Document) {}

  /** Registers until the answer is called. Where two want one key, the newer one has it. */
  add(group: string, read: () => KeyMap): () => void {
    const registration = { group, read };
    if (this.registrations.length === 0) this.listen("addEventListener");
    this.registrations.push(registration);
    return () => {
      this.registrations.splice(this.registrations.indexOf(registration), 1);
      if (this.registrations.length > 0) return;
      this.listen("removeEventListener");
    };
  }

  /** What is registered at this moment, by group, in the order of registration. */
  list(): readonly KeyGroup[] {
    const groups = new Map<string, Map<string, string>>();
    for (const { group, read } of this.registrations) {
      const keys = groups.get(group) ?? new Map<string, string>();
      for (const [key, { label }] of Object.entries(read())) keys.set(key, label);
      groups.set(group, keys);
    }
    return [...groups].map(([name, keys]) => ({
      name,
      keys: [...keys].map(([key, label]) => ({ key, label })),
    }));
  }

  private listen(change: "addEventListener" | "removeEventListener"): void {
    this.document[change]("keydown", this.press as EventListener);
    this.document[change]("keyup", this.release as EventListener);
    this.document[change]("pointerdown", this.point);
    this.document[change]("focusin", this.focus);
  }

  private point = ({ target }: Event): void => {
    this.pointed = target instanceof Element ? target.closest(PRESSED) : null;
  };

  private focus = ({ target }: Event): void => {
    if (target !== this.pointed) this.pointed = null;
  };

  /** Some browsers press a focused button when the space bar is let go. */
  private release = (event: KeyboardEvent): void => {
    if (event.key === " " && this.isPointed(event.target) && this.find("Space")) event.preventDefault();
  };

  private isPointed(target: EventTarget | null): boolean {
    const button = target instanceof Element ? target.closest("button") : null;
    return button !== null && button === this.pointed;
  }

  private press = (event: KeyboardEvent): void => {
    const key = event.key === " " ? "Space" : event.key;
    if (event.defaultPrevented || isShortcut(event) || this.isTaken(event, key)) return;
    const action = this.find(key) ?? (key.length === 1 ? this.find(key.toLowerCase()) : null);
    if (!action) return;
    event.preventDefault();
    if (!event.repeat || action.repeats) action.run();
  };

  private find(key: string): KeyAction | null {
    const newest = this.registrations.findLast(({ read }) => Object.hasOwn(read(), key));
    return newest?.read()[key] ?? null;
  }

  /** Whether somebody else needs the key: a text field, a button, a slider, an open dialog. */
  private isTaken(event: KeyboardEvent, key: string): boolean {
    if (this.document.querySelector("dialog[open]")) return true;
    const { target } = event;
    if (!(target instanceof Element)) return false;
    if (target.closest(TYPED) || isTextInput(target)) return true;
    if (key === "Space" && this.isPointed(target)) return false;
    if (PRESSES.has(key) && target.closest(PRESSED)) return true;
    return MOVES.has(key) && target.closest(MOVED) !== null;
  }
}

/** Keys with Ctrl, Alt or Meta are the browser's; AltGr only writes, such as `[` on a German keyboard. */
function isShortcut(event: KeyboardEvent): boolean {
  if (event.isComposing || event.metaKey) return true;
  return (event.ctrlKey || event.altKey) && !event.getModifierState("AltGraph");
}

function isTextInput(target: Element): boolean {
  return target instanceof HTMLInputElement && !NO_TEXT.has(target.type);
}

/** The keys of this page. */
export const pageKeys = new KeyRegistry(document);

/** Gives keys a meaning while the component is there; the actions may be new ones at each render. */
export function useKeys(keys: KeyMap, group: string = EVERYWHERE): void {
  const newest = useRef(keys);
  // At once, not after the paint: a key that is pressed now means what is shown now.
  useLayoutEffect(() => {
    newest.current = keys;
  });
  useEffect(() => pageKeys.add(group, () => newest.current), [group]);
}

const NAMES: Readonly<Record<string, string>> = {
  ArrowLeft: "←",
  ArrowRight: "→",
  ArrowUp: "↑",
  ArrowDown: "↓",
  Escape: "Esc",
};

/** A key as it stands on the keyboard. */
export const keyName = (key: string): string => NAMES[key] ?? key;
