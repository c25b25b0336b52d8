import type { Bar } from "../../synapse/bars";
import type { BarFeed, Span } from "../../synapse/hooks";
import { type Stretch, sameStretch } from "../../synapse/span";
import type { Viewport } from "../../ui/viewport";
import { type Logical, MERGED_BARS_MIN, frameOf, frameUpToNewest, recentCount, spanIn } from "./frames";
import { type Range, lengthOf } from "./ranges";

/** The part of the chart's time scale that is needed. */
export interface Scale {
  getVisibleLogicalRange(): Logical | null;
  setVisibleLogicalRange(range: Logical): void;
}

type Feed = Pick<BarFeed, "look" | "moves" | "newest">;

/**
 * Which stretch the chart shows: a length that ends with the moment, or where somebody has moved it by hand.
 *
 * What it asks for depends on that stretch only, so that the same one always has the same bars.
 */
export class Navigation {
  private bars: readonly Bar[] = [];
  private range: Range = "all";
  /** Where somebody has moved it by hand, or the brush; null: it ends with the moment. */
  private hand: Span | null;
  /** The seconds up to the moment that somebody has chosen by hand; null: those of the range. */
  private length: number | null = null;
  private asked: Stretch | null = null;
  private moves = -1;
  private moving = false;
  private request: number;
  private readonly leave: () => void;

  constructor(
    private readonly scale: Scale,
    private readonly feed: Feed,
    private readonly viewport: Viewport,
    /** How many bars there would be in these, were none merged. */
    private readonly whole: (bars: readonly Bar[]) => number,
    /** Sees to it that `settled` is called when the chart rests. */
    private readonly rest: () => void,
  ) {
    const { request, wanted } = viewport.get();
    this.request = request;
    this.hand = wanted;
    this.leave = viewport.subscribe(() => this.heed());
  }

  dispose(): void {
    this.leave();
    this.viewport.tell(null);
  }

  /** Whether the newest bar that is loaded is not the newest that there is. */
  get past(): boolean {
    const newest = this.feed.newest();
    const isOpen = this.asked === null || "last" in this.asked;
    return !isOpen && newest !== null && (this.bars.at(-1)?.time ?? 0) < newest.time;
  }

  setRange(range: Range): void {
    this.range = range;
    if (this.viewport.get().wanted === null) this.reset();
  }

  /** Somebody moves the chart by hand, and has it until it rests. */
  hold(): void {
    this.moving = true;
    this.rest();
  }

  /** Moves by parts of what is in view, and zooms. */
  move(parts: number, factor: number): void {
    const now = this.scale.getVisibleLogicalRange();
    if (!now || this.bars.length === 0) return;
    const middle = (now.from + now.to) / 2 + parts * (now.to - now.from);
    const half = ((now.to - now.from) * factor) / 2;
    const range = { from: middle - half, to: middle + half };
    this.take(spanIn(this.bars, range));
    this.scale.setVisibleLogicalRange(range);
    this.rest();
  }

  /** To be called before other bars are drawn: they shall not move the chart under somebody's hand. */
  adopt(): void {
    const now = this.moving && this.bars.length > 0 ? this.scale.getVisibleLogicalRange() : null;
    if (!now) return;
    this.hand = spanIn(this.bars, now);
    this.length = null;
  }

  /** New bars are drawn; `another`: all of them. */
  drawn(bars: readonly Bar[], another: boolean): void {
    const grown = bars.length > this.bars.length;
    this.bars = bars;
    if (another) this.heedJump();
    if (another || (grown && !this.hand)) this.show();
  }

  /** What is in view, clipped to the bars. */
  visible(): Span | null {
    const now = this.scale.getVisibleLogicalRange();
    const last = this.bars.length - 1;
    if (!now || last < 0) return null;
    const from = this.bars[Math.min(last, Math.max(0, Math.ceil(now.from)))];
    const to = this.bars[Math.min(last, Math.max(0, Math.floor(now.to)))];
    return from && to ? { from: from.time, to: Math.max(from.time, to.time) } : null;
  }

  tell(): void {
    this.viewport.tell(this.visible());
  }

  /** The chart rests: asks for the bars of its stretch. */
  settled(): void {
    this.adopt();
    if (this.moving && this.hand) this.take(this.hand);
    this.moving = false;
    if (this.bars.length > 0) this.look(this.stretch());
  }

  /** Goes where it should be, whatever has moved it. */
  show(): void {
    if (this.bars.length === 0) return;
    this.scale.setVisibleLogicalRange(this.frame());
  }

  /** A stretch that somebody has chosen; one that holds the newest bar goes on with the moment. */
  private take(span: Span): void {
    const newest = this.bars.at(-1)?.time ?? Infinity;
    const follows = span.to >= newest && span.from < newest && !this.past;
    this.length = follows ? newest - span.from : null;
    this.hand = follows ? null : span;
  }

  /** After a jump the moment is in view: a stretch that does not hold it ends with it from then on. */
  private heedJump(): void {
    const moves = this.feed.moves();
    if (moves === this.moves) return;
    const isFirst = this.moves < 0;
    this.moves = moves;
    const { hand } = this;
    const time = this.feed.newest()?.time;
    if (isFirst || !hand || time === undefined || (time >= hand.from && time <= hand.to)) return;
    this.length = hand.to - hand.from;
    this.hand = null;
    this.look(this.stretch());
  }

  private heed(): void {
    const { request, wanted } = this.viewport.get();
    if (request === this.request) return;
    this.request = request;
    if (wanted === null) return this.reset();
    this.take(wanted);
    this.show();
    this.look(this.stretch());
    this.rest();
  }

  private reset(): void {
    this.hand = null;
    this.length = null;
    this.moving = false;
    // The recent bars are a number, not a length: which they are is seen when all are there.
    this.look(lengthOf(this.range) === null ? null : this.stretch());
    this.show();
    this.rest();
  }

  /** What has to be loaded; null: everything, where nothing can have been merged or all is shown. */
  private stretch(): Stretch | null {
    const newest = this.bars.at(-1)?.time ?? 0;
    const mayMerge = this.bars.length >= MERGED_BARS_MIN;
    if (this.asked === null && !mayMerge) return null;
    if (this.hand) return this.hand;
    if (this.length !== null) return { last: this.length };
    const last = lengthOf(this.range);
    if (last !== null) return { last };
    if (this.range === "all") return null;
    if (!mayMerge) return this.asked;
    const first = this.bars[Math.max(0, this.bars.length - this.recent)];
    return { last: newest - (first?.time ?? newest) };
  }

  private look(stretch: Stretch | null): void {
    if (sameStretch(stretch, this.asked)) return;
    this.asked = stretch;
    this.feed.look(stretch);
  }

  private get recent(): number {
    return recentCount(this.bars, this.whole(this.bars));
  }

  private frame(): Logical {
    if (this.hand) return frameOf(this.bars, this.hand);
    return frameUpToNewest(this.bars, this.range, this.length, this.recent);
  }
}
