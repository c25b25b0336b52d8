import type { Bar } from "../../synapse/bars";
import type { BarFeed, Span } from "../../synapse/hooks";
import type { Viewport } from "../../ui/viewport";
import { RECENT_BARS, type Range, extent, spanOf, union } from "./ranges";
import { barFrom, barGap } from "./search";

/** Fewer bars in view are worth a look closer, where bars were merged. */
export const DETAIL_BARS = 200;
/** So many times as many bars as there are must have been merged. */
const MERGED_RATIO = 1.5;
const ROOM_RIGHT = 0.02;
const SLACK = 0.01;

interface Logical {
  readonly from: number;
  readonly to: number;
}

/** The part of the chart's time scale that is needed. */
export interface Scale {
  getVisibleLogicalRange(): Logical | null;
  setVisibleLogicalRange(range: Logical): void;
}

type Feed = Pick<BarFeed, "look">;

/** Which stretch the chart shows: a range, what the ribbon wants, or where somebody moved it; asks for the bars it lacks. */
export class Navigation {
  private bars: readonly Bar[] = [];
  private range: Range = "all";
  private span: Span | null = null;
  private known: Span | null = null;
  private asked: Span | null = null;
  private shown: Logical | null = null;
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
    this.span = wanted;
    this.leave = viewport.subscribe(() => this.heed());
  }

  dispose(): void {
    this.leave();
    this.viewport.tell(null);
  }

  /** Whether the newest bar that is loaded is not the newest that there is. */
  get past(): boolean {
    return this.asked !== null && this.known !== null && this.asked.to < this.known.to;
  }

  setRange(range: Range): void {
    this.range = range;
    this.reset();
  }

  /** To be asked before new bars are drawn: whether nobody has moved the chart since it was told where to go. */
  untouched(): boolean {
    const now = this.scale.getVisibleLogicalRange();
    if (!this.shown || !now) return true;
    const slack = (now.to - now.from) * SLACK;
    return Math.abs(this.shown.from - now.from) <= slack && Math.abs(this.shown.to - now.to) <= slack;
  }

  /** New bars are drawn; `another`: all of them, `follow`: it shall go on to show its range. */
  drawn(bars: readonly Bar[], another: boolean, follow: boolean): void {
    const grown = bars.length > this.bars.length;
    this.bars = bars;
    if (this.asked === null) this.known = union(this.known, extent(bars));
    if (another || (grown && follow && this.span === null && this.range === "all")) this.show();
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

  /** The chart rests: asks for more bars where it shows too few, or an end beyond which there are more. */
  settled(): void {
    const now = this.scale.getVisibleLogicalRange();
    const first = this.bars[0];
    const visible = this.visible();
    if (!visible || !now || !first) return;
    const gap = barGap(this.bars);
    const wanted = this.span && this.untouched() ? this.span : null;
    if (wanted && (wanted.from < first.time - gap || (this.past && this.lacks(wanted.to)))) {
      this.look(wanted);
      return;
    }
    const beyond = now.from < -1 && (this.known?.from ?? first.time) < first.time;
    const inView = Math.min(now.to, this.bars.length) - Math.max(now.from, 0);
    const merged = inView < DETAIL_BARS && this.whole(this.bars) > this.bars.length * MERGED_RATIO;
    if (!beyond && !merged) return;
    const from = beyond ? Math.round(first.time + now.from * gap) : visible.from;
    this.look({ from, to: visible.to });
  }

  private lacks(time: number): boolean {
    return time > (this.bars.at(-1)?.time ?? time) + barGap(this.bars);
  }

  private heed(): void {
    const { request, wanted } = this.viewport.get();
    if (request === this.request) return;
    this.request = request;
    if (wanted === null) {
      this.reset();
      return;
    }
    this.span = wanted;
    this.show();
    this.rest();
  }

  private reset(): void {
    this.span = null;
    if (this.asked !== null) {
      this.asked = null;
      this.feed.look(null);
    }
    this.show();
  }

  private look(span: Span): void {
    if (this.asked?.from === span.from && this.asked.to === span.to) return;
    this.asked = span;
    this.span = span;
    this.feed.look(span);
  }

  /** As many of these bars as the recent ones were before they were merged. */
  private recent(): number {
    const { length } = this.bars;
    return Math.ceil((RECENT_BARS * length) / Math.max(length, this.whole(this.bars)));
  }

  private show(): void {
    const { length } = this.bars;
    const newest = this.bars.at(-1);
    if (!newest) return;
    const within = this.span && this.span.from <= newest.time ? this.span : null;
    const span = within ?? spanOf(this.range, newest.time);
    let first = this.range === "recent" && !span ? Math.max(0, length - this.recent()) : 0;
    let last = length - 1;
    if (span) {
      first = barFrom(this.bars, span.from);
      last = Math.max(first, Math.min(last, barFrom(this.bars, span.to + 1) - 1));
    }
    const room = last < length - 1 ? 0 : 0.5 + (length - first) * ROOM_RIGHT;
    this.scale.setVisibleLogicalRange({ from: first - 0.5, to: last + Math.max(0.5, room) });
    this.shown = this.scale.getVisibleLogicalRange();
  }
}
