import type {
  IChartApi,
  IPrimitivePaneRenderer,
  IPrimitivePaneView,
  ISeriesApi,
  ISeriesPrimitive,
  Logical,
  PrimitivePaneViewZOrder,
  SeriesAttachedParameter,
  Time,
} from "lightweight-charts";
import type { ChartTheme } from "./theme";

type Target = Parameters<IPrimitivePaneRenderer["draw"]>[0];
type Draw = Parameters<Target["useBitmapCoordinateSpace"]>[0];
export type Scope = Parameters<Draw>[0];

/** Where bars are: in CSS pixels, the middle of bar 0 and the distance of two bars. */
export interface Places {
  readonly origin: number;
  readonly spacing: number;
}

/** Something that is drawn on the price's pane, in the screen's own pixels, without garbage for every frame. */
export abstract class Layer implements ISeriesPrimitive<Time>, IPrimitivePaneView {
  protected chart: IChartApi | null = null;
  protected series: ISeriesApi<"Line" | "Candlestick"> | null = null;
  private requestUpdate = () => {};
  private readonly views = [this];
  private readonly places = { origin: 0, spacing: 1 };
  private readonly drawIn: Draw = (scope) => this.drawScope(scope);
  private readonly drawer: IPrimitivePaneRenderer = {
    draw: (target) => target.useBitmapCoordinateSpace(this.drawIn),
  };

  constructor(protected theme: ChartTheme) {}

  protected abstract paint(scope: Scope, places: Places): void;
  abstract zOrder(): PrimitivePaneViewZOrder;

  attached({ chart, requestUpdate, series }: SeriesAttachedParameter<Time>): void {
    this.chart = chart as IChartApi;
    this.series = series as ISeriesApi<"Line" | "Candlestick">;
    this.requestUpdate = requestUpdate;
  }

  detached(): void {
    this.chart = null;
    this.series = null;
  }

  setTheme(theme: ChartTheme): void {
    this.theme = theme;
    this.redraw();
  }

  paneViews(): readonly IPrimitivePaneView[] {
    return this.views;
  }

  renderer(): IPrimitivePaneRenderer {
    return this.drawer;
  }

  protected redraw(): void {
    this.requestUpdate();
  }

  private drawScope(scope: Scope): void {
    const scale = this.chart?.timeScale();
    const origin = scale?.logicalToCoordinate(0 as Logical) ?? null;
    const next = scale?.logicalToCoordinate(1 as Logical) ?? null;
    if (origin === null || next === null || next <= origin) return;
    this.places.origin = origin;
    this.places.spacing = next - origin;
    this.paint(scope, this.places);
  }
}
