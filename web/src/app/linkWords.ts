import { STATE_DIGITS } from "./address";

/** Something to say of a link that was opened or copied. */
export interface Notice {
  readonly text: string;
  /** Whether it must not be overlooked; other notices go by themselves. */
  readonly warning: boolean;
}

const SHORT_DIGITS = 6;
const short = (hash: string): string => `${hash.slice(0, SHORT_DIGITS)}…`;

/** The digits of a state's hash that go into a link; null where it is none. */
export function stateDigits(hash: string | null): string | null {
  const digits = (hash ?? "").slice(0, STATE_DIGITS);
  return /^[0-9a-f]+$/.test(digits) && digits.length === STATE_DIGITS ? digits : null;
}

/** Whether this log has the state that the sender of a link saw; `here` is null where it could not be read. */
export function comparedWords(sent: string, here: string | null): Notice {
  if (here === null) {
    const text =
      "This log has nothing at that position, or could not be read: what you see may not be what the sender of this link saw.";
    return { text, warning: true };
  }
  if (here.startsWith(sent)) {
    const text = `You see the same state as who sent this link: ${short(here)}`;
    return { text, warning: false };
  }
  const text = `This log says something else at that position: its state is ${here.slice(0, STATE_DIGITS)}, the sender's was ${sent}.`;
  return { text, warning: true };
}

export const BEYOND: Notice = {
  text: "This link's position is beyond the end of this log: what you see is its newest moment.",
  warning: true,
};

export function unknownWords(symbol: string): Notice {
  return { text: `This log has no ${symbol} so far: choose another symbol.`, warning: true };
}

export function unknownLaneWords(lane: string): Notice {
  return { text: `This recorder has no lane ${lane}: it was started without it.`, warning: true };
}

export function copiedWords(state: string | null): Notice {
  const text = state
    ? `Link copied. State ${short(state)}`
    : "Link copied, without the state's hash: it could not be read.";
  return { text, warning: false };
}

/** What of an address was ignored; null where all of it was sound. */
export function ignoredWords(ignored: readonly string[]): string | null {
  if (ignored.length === 0) return null;
  return `This link has something that is not understood and was ignored: ${ignored.join(", ")}.`;
}
