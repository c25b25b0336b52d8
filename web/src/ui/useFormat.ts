import { useSettings } from "../synapse/hooks";
import { isLocale } from "../synapse/settings";
import { type Format, formatFor } from "./format";

const SOUND_LOCALE = "en-US";

/** The browser's list stays the same object until it changes; to look each time would take longer than all the rest. */
const found = new WeakMap<readonly string[], string>();

/** The reader's own language; some browsers name one that is none, such as `en-US@posix`. */
export function ownLocale(languages: readonly string[] = navigator.languages): string {
  const own = found.get(languages) ?? languages.find(isLocale) ?? SOUND_LOCALE;
  found.set(languages, own);
  return own;
}

/** How numbers and times are written for this reader; components ask for it, they never format themselves. */
export function useFormat(): Format {
  const { locale, timeZone } = useSettings();
  return formatFor(locale ?? ownLocale(), timeZone === "local" ? null : timeZone);
}
