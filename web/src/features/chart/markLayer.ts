import type { PrimitivePaneViewZOrder } from "lightweight-charts";
import type { Bar } from "../../synapse/bars";
import type { Regime } from "../../synapse/generated";
import { Layer, type Places, type Scope } from "./layer";
import { type ChartMark, type Look, MARK_ROOM_PX, thinned } from "./marks";
import { LABEL_ROOM_PX } from "./regimeBands";
import { firstAtLeast } from "./search";
import { OUTLINES } from "./shapes";

const SIZE_PX = 12;
const OUTLINE_UNITS = 16;
/** The middle of the alerts' lane, from the top; of the shifts' lane, from the foot. */
const ALERT_LANE_PX = 12;
const SHIFT_LANE_PX = 30;
const TRADE_GAP_PX = 14;
const LETTERS: Readonly<Record<Regime, string>> = { BULL: "Bu", BEAR: "Be", CRASH: "Cr", SIDEWAYS: "Si" };
const LETTERS_ROOM_PX = 32;
const HOVER_PX = 8;

/** Marks over the price: alerts in a lane at the top, shifts in one at the foot, trades at their price. */
export class MarkLayer extends Layer {
  private all: readonly ChartMark[] = [];
  private kept: readonly ChartMark[] = [];
  private room = -1;
  private bars: readonly Bar[] = [];
  private lettered = new Set<ChartMark>();
  private readonly paths = new Map<Look, Path2D>();

  setMarks(marks: readonly ChartMark[], bars: readonly Bar[]): void {
    this.all = marks;
    this.bars = bars;
    this.room = -1;
    this.redraw();
  }

  zOrder(): PrimitivePaneViewZOrder {
    return "top";
  }

  /** The drawn marks near a bar. */
  near(index: number): readonly ChartMark[] {
    const reach = (this.room * HOVER_PX) / MARK_ROOM_PX;
    return this.kept.filter((mark) => Math.abs(mark.index - index) <= reach);
  }

  protected paint(scope: Scope, places: Places): void {
    this.thin(places.spacing);
    const { context, horizontalPixelRatio, verticalPixelRatio } = scope;
    const width = scope.mediaSize.width;
    context.save();
    context.scale(horizontalPixelRatio, verticalPixelRatio);
    context.font = `600 10px ${this.theme.font}`;
    context.textBaseline = "middle";
    context.textAlign = "left";
    const leftmost = -places.origin / places.spacing - 1;
    let index = firstAtLeast(this.kept.length, (at) => this.kept[at]?.index ?? 0, leftmost);
    for (; index < this.kept.length; index += 1) {
      const mark = this.kept[index];
      if (!mark) break;
      const x = places.origin + mark.index * places.spacing;
      if (x > width + SIZE_PX) break;
      this.paintMark(mark, x, scope);
      if (this.lettered.has(mark)) this.paintLetters(mark, x, scope);
    }
    context.restore();
  }

  /** The choice holds as long as bars are as far apart; it does not change while the chart is moved. */
  private thin(spacing: number): void {
    const room = MARK_ROOM_PX / spacing;
    if (room === this.room) return;
    this.room = room;
    this.kept = thinned(this.all, room);
    const shifts = this.kept.filter(({ kind }) => kind === "shift");
    // Where a band has room for its whole word, the letters would say it twice.
    this.lettered = new Set(
      shifts.filter((shift, at) => {
        const apart = ((shifts[at + 1]?.index ?? this.bars.length) - shift.index) * spacing;
        return apart >= LETTERS_ROOM_PX && apart < LABEL_ROOM_PX;
      }),
    );
  }

  private paintMark(mark: ChartMark, x: number, { context, mediaSize }: Scope): void {
    const y = this.height(mark, mediaSize.height);
    if (y === null) return;
    const scale = SIZE_PX / OUTLINE_UNITS;
    context.save();
    context.translate(Math.round(x) - SIZE_PX / 2, Math.round(y) - SIZE_PX / 2);
    context.scale(scale, scale);
    const path = this.path(mark.look);
    context.lineWidth = 3;
    context.strokeStyle = this.theme.card;
    context.stroke(path);
    context.fillStyle = this.theme.tones[mark.look];
    context.fill(path, "evenodd");
    context.restore();
  }

  /** Two letters beside a shift, where they do not run into the next one. */
  private paintLetters({ look }: ChartMark, x: number, { context, mediaSize }: Scope): void {
    context.fillStyle = this.theme.tones[look];
    const y = mediaSize.height - SHIFT_LANE_PX + 1;
    context.fillText(LETTERS[look as Regime], x + SIZE_PX / 2 + 2, y);
  }

  private height({ index, kind, look }: ChartMark, height: number): number | null {
    if (kind === "alert") return ALERT_LANE_PX;
    if (kind === "shift") return height - SHIFT_LANE_PX;
    const bar = this.bars[index];
    const buys = look === "buy";
    const y = bar && this.series?.priceToCoordinate(buys ? bar.low : bar.high);
    return y === null || y === undefined ? null : y + (buys ? TRADE_GAP_PX : -TRADE_GAP_PX);
  }

  private path(look: Look): Path2D {
    const known = this.paths.get(look) ?? new Path2D(OUTLINES[look]);
    this.paths.set(look, known);
    return known;
  }
}
