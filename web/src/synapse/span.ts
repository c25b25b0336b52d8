/** A stretch of market time, in whole seconds since 1970 (UTC). */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Half as much again on both sides, so that a small move needs nothing new. */
export function withRoom(span: Span): Span {
  const room = Math.max(1, Math.ceil((span.to - span.from) / 2));
  return { from: span.from - room, to: span.to + room };
}

export const sameSpan = (a: Span | null, b: Span | null): boolean =>
  a?.from === b?.from && a?.to === b?.to;
