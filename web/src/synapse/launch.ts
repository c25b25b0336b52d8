/** Tells of every launch link that is put into the address of the open page, which loads nothing anew for it. */
export function followLaunchLinks(page: Window, launch: (code: string) => void): void {
  page.addEventListener("hashchange", () => {
    const code = takeLaunchCode(page.location, page.history);
    if (code !== null) launch(code);
  });
}

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
