import type { PrimitivePaneViewZOrder } from "lightweight-charts";
import type { Regime } from "../../synapse/generated";
import type { Band, Sliver } from "./bands";
import { Layer, type Places, type Scope } from "./layer";
import { firstAtLeast } from "./search";

const STRIP_PX = 4;
/** A crash is short, so its band must stand out. */
const WEIGHTS: Readonly<Record<Regime, number>> = { BULL: 1, SIDEWAYS: 1, BEAR: 1.4, CRASH: 3 };
/** A band narrower than a pixel is still drawn. */
const LEAST_PX: Readonly<Record<Regime, number>> = { BULL: 1, SIDEWAYS: 1, BEAR: 1, CRASH: 2 };
const LABEL_PX = 11;
const LABEL_LEFT_PX = 12;
export const LABEL_ROOM_PX = 88;

/** Left and right edge of a band in the screen's pixels: bands meet, and none is thinner than its least. */
export function bandEdges(
  { first, last, regime }: Band,
  { origin, spacing }: Places,
  ratio: number,
): [number, number] {
  const left = Math.round((origin + (first - 0.5) * spacing) * ratio);
  const right = Math.round((origin + (last + 0.5) * spacing) * ratio);
  return [left, Math.max(right, left + Math.max(1, Math.round(LEAST_PX[regime] * ratio)))];
}

/** Regime bands behind the price: a tint, and a solid strip at the foot. */
export class RegimeBands extends Layer {
  private bands: readonly Band[] = [];
  private slivers: readonly Band[] = [];

  setBands(bands: readonly Band[], slivers: readonly Sliver[]): void {
    this.bands = bands;
    // A sliver lies on the edge before its bar: it is a band that ends before it begins.
    this.slivers = slivers.map(({ at, regime }) => ({ regime, first: at, last: at - 1 }));
    this.redraw();
  }

  zOrder(): PrimitivePaneViewZOrder {
    return "bottom";
  }

  protected paint(scope: Scope, places: Places): void {
    this.paintRow(this.bands, false, scope, places);
    this.paintRow(this.slivers, false, scope, places);
    // Crashes last: no neighbour covers the pixel that they have.
    this.paintRow(this.bands, true, scope, places);
    this.paintRow(this.slivers, true, scope, places);
  }

  private paintRow(row: readonly Band[], crash: boolean, scope: Scope, places: Places): void {
    const leftmost = -places.origin / places.spacing - 1;
    const rightmost = (scope.mediaSize.width - places.origin) / places.spacing + 1;
    let index = firstAtLeast(row.length, (at) => row[at]?.last ?? 0, leftmost);
    for (; index < row.length; index += 1) {
      const band = row[index];
      if (!band || band.first > rightmost) return;
      if ((band.regime === "CRASH") === crash) this.paintBand(band, scope, places);
    }
  }

  private paintBand(band: Band, scope: Scope, places: Places): void {
    const { bitmapSize, context, horizontalPixelRatio, verticalPixelRatio } = scope;
    const [from, right] = bandEdges(band, places, horizontalPixelRatio);
    const left = Math.max(0, from);
    const strip = Math.round(STRIP_PX * verticalPixelRatio);
    const foot = bitmapSize.height - strip;
    context.fillStyle = this.theme.tones[band.regime];
    context.globalAlpha = this.theme.bandOpacity * WEIGHTS[band.regime];
    context.fillRect(left, 0, right - left, foot);
    context.globalAlpha = 1;
    context.fillRect(left, foot, right - left, strip);
  }
}

/** The regimes' words, over the grid, where a band has room for one. */
export class BandWords extends Layer {
  private bands: readonly Band[] = [];

  setBands(bands: readonly Band[]): void {
    this.bands = bands;
  }

  zOrder(): PrimitivePaneViewZOrder {
    return "normal";
  }

  protected paint(scope: Scope, places: Places): void {
    const { bitmapSize, context, horizontalPixelRatio: wide, verticalPixelRatio: high } = scope;
    context.font = `600 ${LABEL_PX * high}px ${this.theme.font}`;
    context.textBaseline = "bottom";
    context.textAlign = "left";
    const leftmost = -places.origin / places.spacing - 1;
    const { bands } = this;
    let index = firstAtLeast(bands.length, (at) => bands[at]?.last ?? 0, leftmost);
    for (; index < bands.length; index += 1) {
      const band = bands[index];
      if (!band) return;
      const [from, right] = bandEdges(band, places, wide);
      if (from > bitmapSize.width) return;
      const left = Math.max(0, from);
      if (Math.min(right, bitmapSize.width) - left < LABEL_ROOM_PX * wide) continue;
      context.fillStyle = this.theme.tones[band.regime];
      const foot = bitmapSize.height - (STRIP_PX + 3) * high;
      context.fillText(band.regime, left + LABEL_LEFT_PX * wide, foot);
    }
  }
}
