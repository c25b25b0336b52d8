export const DAY_S = 86_400;

/** A stretch of market time, in whole seconds since 1970 (UTC). */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A stretch of the chart; or its newest seconds, up to whatever moment is shown. */
export type Stretch = Span | { readonly last: number };

/** Half as much again on both sides, so that a small move needs nothing new. */
export function withRoom(span: Span): Span {
  const room = Math.max(1, Math.ceil((span.to - span.from) / 2));
  return { from: span.from - room, to: span.to + room };
}

/** The same for lengths: null stays null. */
export function sameStretch(a: Stretch | null, b: Stretch | null): boolean {
  if (a && b && "last" in a) return "last" in b && a.last === b.last;
  return a && b && !("last" in a) && !("last" in b) ? sameSpan(a, b) : a === b;
}

export const sameSpan = (a: Span | null, b: Span | null): boolean =>
  a?.from === b?.from && a?.to === b?.to;
