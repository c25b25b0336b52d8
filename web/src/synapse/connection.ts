import { assertNever } from "./shape";

/** The state of the one socket, as far as a person cares. Times are milliseconds since 1970. */
export type Connection =
  | { readonly name: "connecting" }
  | { readonly name: "catching_up" }
  | { readonly name: "live" }
  | { readonly name: "reconnecting"; readonly retryAt: number }
  | { readonly name: "offline" }
  | { readonly name: "stale" }
  | { readonly name: "refused"; readonly reason: string }
  /** Until somebody signs in. */
  | { readonly name: "signed_out"; readonly reason: string };

export const CLOSE_UNAUTHORISED = 4401;

/** A short word and a whole sentence for a state. */
export interface ConnectionWords {
  readonly word: string;
  readonly sentence: string;
}

/** The state in plain words; `now` in milliseconds since 1970. */
export function connectionWords(connection: Connection, now: number): ConnectionWords {
  switch (connection.name) {
    case "connecting":
      return { word: "Connecting", sentence: "Opening the line to the recorder." };
    case "catching_up":
      return { word: "Catching up", sentence: "Reading what happened before now." };
    case "live":
      return { word: "Live", sentence: "Every event is shown as it is recorded." };
    case "reconnecting": {
      const seconds = Math.max(0, Math.ceil((connection.retryAt - now) / 1000));
      const word = seconds > 0 ? `Reconnecting in ${seconds} s` : "Reconnecting now";
      return { word, sentence: "The line dropped. What is missed will be read again." };
    }
    case "offline":
      return { word: "Offline", sentence: "This device has no network. It goes on by itself." };
    case "stale":
      return { word: "Stale", sentence: "The recorder fell silent. Opening a new line." };
    case "refused":
      return { word: "Refused", sentence: connection.reason };
    case "signed_out":
      return { word: "Signed out", sentence: connection.reason };
    default:
      return assertNever(connection);
  }
}

/** An age in words: `42 s`, `3 min`, `2 h`, `5 d`. */
export function ageWords(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
}

/** Why a close code in the terminal range ends the matter; null where a reconnect may help. */
export function refusal(code: number, reason: string): string | null {
  if (code < 4400 || code > 4799) return null;
  const known: Record<number, string> = {
    [CLOSE_UNAUTHORISED]: "The recorder wants a sign-in, or the one it had has expired.",
    4403: "The recorder does not let this page in.",
    4408: "The recorder heard nothing from this page.",
    4429: "The recorder cut this page off: it sent too much.",
  };
  const said = known[code] ?? "The recorder closed the line for good.";
  return `${said}${reason ? ` It says: ${reason}.` : ""} (code ${code})`;
}
