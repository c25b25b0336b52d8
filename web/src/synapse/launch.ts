/** The code of a launch link, `#launch=CODE`; it is taken out of the address, which people share. */
export function takeLaunchCode(
  location: Pick<Location, "hash" | "pathname" | "search">,
  history: Pick<History, "replaceState" | "state">,
): string | null {
  const code = new URLSearchParams(location.hash.slice(1)).get("launch");
  if (code === null) return null;
  history.replaceState(history.state, "", location.pathname + location.search);
  return code === "" ? null : code;
}
