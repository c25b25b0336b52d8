import { useCallback, useState } from "react";

export const FIRST_CHOICE = "SPX";

/** The symbol that the address names, else SPX, else the first there is; null while there is none. */
export function choose(wanted: string | null, symbols: readonly string[]): string | null {
  if (wanted) return wanted;
  return symbols.includes(FIRST_CHOICE) ? FIRST_CHOICE : (symbols[0] ?? null);
}

/** The chosen symbol, kept in the address so that it can be shared. */
export function useChosen(
  symbols: readonly string[],
): readonly [string | null, (symbol: string) => void] {
  const [wanted, setWanted] = useState(() =>
    new URLSearchParams(window.location.search).get("symbol"),
  );
  const set = useCallback((symbol: string) => {
    const url = new URL(window.location.href);
    url.searchParams.set("symbol", symbol);
    window.history.replaceState(null, "", url);
    setWanted(symbol);
  }, []);
  return [choose(wanted, symbols), set];
}
