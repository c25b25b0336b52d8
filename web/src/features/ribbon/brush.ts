import type { Span } from "../../synapse/hooks";

/** What of the frame is held. */
export type Grip = "from" | "to" | "all";

/** The frame with one grip moved by so many seconds; it stays within the line and no shorter than `least`. */
export function moved(frame: Span, grip: Grip, by: number, line: Span, least: number): Span {
  const { from, to } = frame;
  if (grip === "from") return { from: bounded(line.from, from + by, to - least), to };
  if (grip === "to") return { from, to: bounded(from + least, to + by, line.to) };
  const shift = bounded(line.from - from, by, Math.max(line.to - to, line.from - from));
  return { from: from + shift, to: to + shift };
}

const bounded = (low: number, at: number, high: number): number =>
  Math.max(low, Math.min(at, high));

/** A new frame between two moments, in whatever order they were drawn. */
export function drawn(a: number, b: number, line: Span, least: number): Span {
  const from = Math.max(line.from, Math.min(a, b));
  const to = Math.min(line.to, Math.max(a, b));
  if (to - from >= least) return { from, to };
  const start = Math.max(line.from, Math.min(from, line.to - least));
  return { from: start, to: Math.min(line.to, start + least) };
}

/** How much of its length lies around a frame that the ribbon is zoomed to: what comes next matters most. */
const AROUND = { before: 0.1, after: 0.25 } as const;

/** What the ribbon shows when it is zoomed to a frame: the frame, and what of the line is near it. */
export function around({ from, to }: Span, line: Span): Span {
  const length = to - from;
  return {
    from: Math.max(line.from, from - length * AROUND.before),
    to: Math.min(line.to, to + length * AROUND.after),
  };
}

/** The part of a frame that lies on the line; null where it is elsewhere. */
export function within(frame: Span | null, line: Span): Span | null {
  if (!frame || frame.to <= line.from || frame.from >= line.to) return null;
  return { from: Math.max(frame.from, line.from), to: Math.min(frame.to, line.to) };
}
