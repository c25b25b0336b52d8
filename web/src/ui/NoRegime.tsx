import { REGIME, useHidden } from "../synapse/hooks";

/** What stands where a symbol's regime would: there is none so far, or this page may not show it. */
export function NoRegime() {
  const isHidden = useHidden(REGIME).length > 0;
  return <span>{isHidden ? "regime not in your token" : "no regime yet"}</span>;
}
