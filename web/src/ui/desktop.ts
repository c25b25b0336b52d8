/** Whether the browser lets this page show desktop notifications; `missing` where it has none. */
export type Permission = NotificationPermission | "missing";

export function desktopPermission(): Permission {
  return "Notification" in window ? Notification.permission : "missing";
}

/** Asks the reader, once; browsers ask only after a click. */
export async function askForDesktop(): Promise<Permission> {
  if (desktopPermission() === "missing") return "missing";
  return Notification.requestPermission();
}

export interface DesktopNote {
  readonly title: string;
  readonly body: string;
  /** A newer note of the same tag takes the place of the older one. */
  readonly tag: string;
  readonly onClick?: () => void;
}

/** Shows a note, silently; false where the browser does not let the page do it. */
export function showOnDesktop({ title, body, tag, onClick }: DesktopNote): boolean {
  if (desktopPermission() !== "granted") return false;
  try {
    const note = new Notification(title, { body, tag, silent: true });
    note.addEventListener("click", () => {
      window.focus();
      note.close();
      onClick?.();
    });
    return true;
  } catch {
    // Browsers of phones have the class but leave it to service workers.
    return false;
  }
}
