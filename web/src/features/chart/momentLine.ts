import type { PrimitivePaneViewZOrder } from "lightweight-charts";
import { Layer, type Places, type Scope } from "./layer";

const FONT_PX = 11;
const PAD_PX = 6;
const TOP_PX = 22;

/** In the past: an upright line through the last bar, the moment that is shown, with its time. */
export class MomentLine extends Layer {
  private index = -1;
  private text: string | null = null;

  /** Through which bar, and what stands beside it; no text: no line. */
  setMoment(index: number, text: string | null): void {
    this.index = index;
    this.text = text;
    this.redraw();
  }

  zOrder(): PrimitivePaneViewZOrder {
    return "top";
  }

  protected paint(scope: Scope, places: Places): void {
    if (this.text === null || this.index < 0) return;
    const { bitmapSize, context, horizontalPixelRatio: wide, verticalPixelRatio: high } = scope;
    const x = Math.round((places.origin + this.index * places.spacing) * wide);
    const line = Math.max(1, Math.round(2 * wide));
    context.fillStyle = this.theme.stale;
    context.fillRect(x - Math.floor(line / 2), 0, line, bitmapSize.height);
    context.font = `600 ${FONT_PX * high}px ${this.theme.font}`;
    const width = context.measureText(this.text).width + 2 * PAD_PX * wide;
    const left = Math.max(0, x - width);
    const height = (FONT_PX + PAD_PX) * high;
    context.fillRect(left, TOP_PX * high, width, height);
    context.fillStyle = this.theme.card;
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.fillText(this.text, left + PAD_PX * wide, TOP_PX * high + height / 2);
  }
}
