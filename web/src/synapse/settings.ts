import { PERSONAS } from "./generated";
import { isObject } from "./shape";

/** What a reader may choose; kept in the browser, never sent anywhere. */
export interface Settings {
  readonly theme: "system" | "dark" | "light";
  /** Which way is green: up, as in Europe and America, or down, as in East Asia. */
  readonly colours: "green_up" | "red_up";
  /** A BCP 47 tag; null: the reader's own. */
  readonly locale: string | null;
  /** `local`, or an IANA name such as `UTC`. */
  readonly timeZone: string;
  /** A key of `PERSONAS`; null: the recorder's own. */
  readonly persona: string | null;
  /** The lane that is shown beside what was recorded, where the recorder has it; null: none. */
  readonly lane: string | null;
  readonly notifications: boolean;
  readonly sound: boolean;
}

export const DEFAULT_SETTINGS: Settings = {
  theme: "system",
  colours: "green_up",
  locale: null,
  timeZone: "UTC",
  persona: null,
  lane: null,
  notifications: false,
  sound: false,
};

/** The part of the browser's storage that is needed; both may throw where storage is forbidden. */
export interface Keep {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

export const SETTINGS_KEY = "synapse.settings";

const among =
  <T>(...options: readonly T[]) =>
  (value: unknown): value is T =>
    options.includes(value as T);

const sound: { readonly [K in keyof Settings]: (value: unknown) => value is Settings[K] } = {
  theme: among("system", "dark", "light"),
  colours: among("green_up", "red_up"),
  locale: (value): value is string | null => value === null || isLocale(value),
  timeZone: (value): value is string => value === "local" || isTimeZone(value),
  persona: among<string | null>(null, ...Object.keys(PERSONAS)),
  lane: (value): value is string | null => value === null || isLaneName(value),
  notifications: among(true, false),
  sound: among(true, false),
};

const LANE_NAME = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/;

/** Whether a lane can be called so. */
export function isLaneName(value: unknown): value is string {
  return typeof value === "string" && LANE_NAME.test(value);
}

/** Whether the browser can write in that language. */
export function isLocale(value: unknown): value is string {
  return typeof value === "string" && known(() => Intl.NumberFormat.supportedLocalesOf(value));
}

/** Whether the browser knows that time zone. */
export function isTimeZone(value: unknown): value is string {
  return (
    typeof value === "string" &&
    known(() => new Intl.DateTimeFormat("en", { timeZone: value }).resolvedOptions())
  );
}

function known(look: () => unknown): boolean {
  try {
    const found = look();
    return !Array.isArray(found) || found.length > 0;
  } catch {
    return false;
  }
}

/** What was kept, as far as it is sound; the defaults for the rest. */
export function parseSettings(text: string | null): Settings {
  let kept: unknown;
  try {
    kept = JSON.parse(text ?? "{}");
  } catch {
    kept = {};
  }
  if (!isObject(kept)) return DEFAULT_SETTINGS;
  const found = kept;
  const names = Object.keys(sound) as (keyof Settings)[];
  const chosen = names
    .filter((name) => sound[name](found[name]))
    .map((name) => [name, found[name]] as const);
  return { ...DEFAULT_SETTINGS, ...Object.fromEntries(chosen) };
}

/** The reader's settings; two tabs of one browser agree on them by `adopt`. */
export class SettingsStore {
  private settings: Settings;
  private readonly listeners = new Set<() => void>();

  constructor(private readonly keep: Keep | null) {
    this.settings = this.read();
  }

  get = (): Settings => this.settings;

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  set = (change: Partial<Settings>): void => {
    this.become({ ...this.settings, ...change });
    try {
      this.keep?.setItem(SETTINGS_KEY, JSON.stringify(this.settings));
    } catch {
      // Storage is full or forbidden: the choice holds for this tab.
    }
  };

  /** Another tab has written. */
  adopt = (): void => this.become(this.read());

  private become(settings: Settings): void {
    this.settings = settings;
    for (const listener of this.listeners) listener();
  }

  private read(): Settings {
    try {
      return parseSettings(this.keep?.getItem(SETTINGS_KEY) ?? null);
    } catch {
      return DEFAULT_SETTINGS;
    }
  }
}
