import { isLocale } from "../../synapse/settings";

/** A choice of a list: what is kept, and what the reader sees. */
export interface Choice {
  readonly value: string;
  readonly label: string;
}

const LANGUAGES = [
  "ar",
  "de-CH",
  "de-DE",
  "en-GB",
  "en-IN",
  "en-US",
  "es-ES",
  "fr-FR",
  "hi-IN",
  "it-IT",
  "ja-JP",
  "ko-KR",
  "nl-NL",
  "pl-PL",
  "pt-BR",
  "sv-SE",
  "tr-TR",
  "zh-CN",
  "zh-TW",
] as const;

/** The exchanges' zones first: whoever looks at a market thinks in its time. */
const MARKETS: readonly Choice[] = [
  { value: "America/New_York", label: "New York" },
  { value: "Europe/London", label: "London" },
  { value: "Asia/Tokyo", label: "Tokyo" },
  { value: "Asia/Hong_Kong", label: "Hong Kong" },
  { value: "Europe/Berlin", label: "Frankfurt" },
  { value: "Australia/Sydney", label: "Sydney" },
];

/** The languages that this browser can write numbers and times in, each by its own name. */
export function languages(): readonly Choice[] {
  return LANGUAGES.filter(isLocale).map((value) => ({ value, label: ownName(value) }));
}

function ownName(locale: string): string {
  const name = new Intl.DisplayNames(locale, { type: "language" }).of(locale) ?? locale;
  return name.charAt(0).toLocaleUpperCase(locale) + name.slice(1);
}

/** UTC, the reader's own zone, and those of the great exchanges. */
export function usualZones(): readonly Choice[] {
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
  const own = { value: "local", label: `Your own (${zoneName(timeZone)})` };
  return [{ value: "UTC", label: "UTC" }, own, ...MARKETS];
}

/** Every other zone that the browser knows; `chosen` is among them whatever the browser says. */
export function otherZones(chosen: string): readonly Choice[] {
  const usual = new Set(usualZones().map(({ value }) => value));
  const all = new Set([...Intl.supportedValuesOf("timeZone"), chosen]);
  return [...all]
    .filter((value) => !usual.has(value))
    .toSorted()
    .map((value) => ({ value, label: zoneName(value) }));
}

const zoneName = (zone: string): string => zone.replaceAll("_", " ");
