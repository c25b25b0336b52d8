import { useSettings } from "../synapse/hooks";
import { type Format, formatFor } from "./format";

/** How numbers and times are written for this reader; components ask for it, they never format themselves. */
export function useFormat(): Format {
  const { locale, timeZone } = useSettings();
  return formatFor(locale ?? navigator.language, timeZone === "local" ? null : timeZone);
}
