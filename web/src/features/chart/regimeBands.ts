import type {
  IChartApi,
  IPrimitivePaneRenderer,
  IPrimitivePaneView,
  ISeriesPrimitive,
  PrimitivePaneViewZOrder,
  SeriesAttachedParameter,
  Time,
  UTCTimestamp,
} from "lightweight-charts";
import type { Regime } from "../../synapse/generated";
import type { Band } from "./bands";
import type { ChartTheme } from "./theme";

type Target = Parameters<IPrimitivePaneRenderer["draw"]>[0];

const STRIP_PX = 4;
/** A crash is short, so its band must stand out. */
const WEIGHTS: Readonly<Record<Regime, number>> = { BULL: 1, SIDEWAYS: 1, BEAR: 1.4, CRASH: 3 };
const LABEL_PX = 11;
const LABEL_ROOM_PX = 74;

/** Regime bands behind the price: a tint, a solid strip at the foot, and the word where it fits. */
export class RegimeBands implements ISeriesPrimitive<Time>, IPrimitivePaneView {
  private chart: IChartApi | null = null;
  private requestUpdate = () => {};
  private readonly views = [this];

  constructor(
    private theme: ChartTheme,
    private bands: readonly Band[] = [],
  ) {}

  attached({ chart, requestUpdate }: SeriesAttachedParameter<Time>): void {
    this.chart = chart as IChartApi;
    this.requestUpdate = requestUpdate;
  }

  detached(): void {
    this.chart = null;
  }

  set(bands: readonly Band[], theme: ChartTheme): void {
    this.bands = bands;
    this.theme = theme;
    this.requestUpdate();
  }

  paneViews(): readonly IPrimitivePaneView[] {
    return this.views;
  }

  zOrder(): PrimitivePaneViewZOrder {
    return "bottom";
  }

  renderer(): IPrimitivePaneRenderer {
    return { draw: (target) => this.draw(target) };
  }

  private draw(target: Target): void {
    target.useMediaCoordinateSpace(({ context, mediaSize }) => {
      for (const band of this.bands) {
        const [left, right] = this.edges(band);
        if (right > 0 && left < mediaSize.width) {
          this.drawBand(context, band, Math.max(0, left), right, mediaSize.height);
        }
      }
    });
  }

  /** Half a bar before the first and half a bar after the last, so that bands meet. */
  private edges(band: Band): [number, number] {
    const scale = this.chart?.timeScale();
    const left = scale?.timeToCoordinate(band.first as UTCTimestamp) ?? null;
    const right = scale?.timeToCoordinate(band.last as UTCTimestamp) ?? null;
    if (!scale || left === null || right === null) return [0, 0];
    const half = scale.options().barSpacing / 2;
    return [left - half, right + half];
  }

  private drawBand(
    context: CanvasRenderingContext2D,
    { regime }: Band,
    left: number,
    right: number,
    height: number,
  ): void {
    const { bandOpacity, font, regimes } = this.theme;
    const width = right - left;
    context.fillStyle = regimes[regime];
    context.globalAlpha = bandOpacity * WEIGHTS[regime];
    context.fillRect(left, 0, width, height);
    context.globalAlpha = 1;
    context.fillRect(left, height - STRIP_PX, width, STRIP_PX);
    if (width < LABEL_ROOM_PX) return;
    context.font = `600 ${LABEL_PX}px ${font}`;
    context.textBaseline = "bottom";
    context.fillText(regime, left + 6, height - STRIP_PX - 4);
  }
}
