import { type Keep, SETTINGS_KEY, type Settings, type SettingsStore } from "../synapse/settings";

const LIGHT_SYSTEM = "(prefers-color-scheme: light)";

/** The ground of each theme, as tokens.css has it: the browser paints its own bars with it. */
export const PAGE_COLOURS = { dark: "#0A0E14", light: "#F5F7FA" } as const;

/** Sets the theme and the colours of the market on the document; the style sheet does the rest. */
export function applySettings(document: Document, settings: Settings, lightSystem: boolean): void {
  const theme = settings.theme === "system" ? (lightSystem ? "light" : "dark") : settings.theme;
  const { dataset } = document.documentElement;
  dataset.theme = theme;
  dataset.colours = settings.colours;
  for (const meta of document.querySelectorAll('meta[name="theme-color"]')) {
    meta.setAttribute("content", PAGE_COLOURS[theme]);
  }
}

/**
 * Applies the settings now, and again whenever they change, here or in another tab, or the system
 * changes between dark and light. The answer ends it.
 */
export function followSettings(window: Window, store: SettingsStore): () => void {
  const system = window.matchMedia(LIGHT_SYSTEM);
  const apply = (): void => applySettings(window.document, store.get(), system.matches);
  const adopt = (event: StorageEvent): void => {
    // Without a key everything was cleared.
    if (event.key === SETTINGS_KEY || event.key === null) store.adopt();
  };
  apply();
  const forget = store.subscribe(apply);
  system.addEventListener("change", apply);
  window.addEventListener("storage", adopt);
  return () => {
    forget();
    system.removeEventListener("change", apply);
    window.removeEventListener("storage", adopt);
  };
}

/** Where settings are kept; null where the browser forbids it. */
export function keepOf(window: Window): Keep | null {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}
