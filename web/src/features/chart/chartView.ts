import type { Bar } from "../../synapse/bars";
import type { Episode } from "../../synapse/episodes";
import type { BarFeed } from "../../synapse/hooks";
import type { Format } from "../../ui/format";
import type { Viewport } from "../../ui/viewport";
import { chartKey } from "./chartKeys";
import { chartWords } from "./chartWords";
import { Drawing, type Extras, type Hovered, type Style } from "./drawing";
import { type Hand, watchHand } from "./hand";
import { Navigation } from "./navigation";
import type { Range } from "./ranges";
import { SETTLE_MS, onRest } from "./resting";
import { barFrom, wholeSeconds } from "./search";
import type { ChartTheme } from "./theme";

/** The chart as it is drawn, with so many of its pixels to one of the page's. */
export interface Picture {
  readonly canvas: HTMLCanvasElement;
  readonly ratio: number;
}

/** A picture waits so long for bars that do not come. */
const PICTURE_MS_MAX = 5_000;
const PICTURE_LOOK_MS = 100;
/** By then everybody knows where the chart rests, and has asked for what is missing. */
const PICTURE_REST_MS = SETTLE_MS + PICTURE_LOOK_MS;
const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** The chart as an object, past React: it follows a feed and the viewport, and tells what it shows. */
export class ChartView {
  private readonly drawing: Drawing;
  private readonly navigation: Navigation;
  private readonly leave: () => void;
  private readonly hand: Hand;
  private bars: readonly Bar[] = [];
  private generation = -1;
  private frame = 0;
  private readonly rest = onRest(() => this.settle());

  constructor(
    private readonly box: HTMLElement,
    private readonly feed: BarFeed,
    private readonly viewport: Viewport,
    theme: ChartTheme,
    private format: Format,
    onHover: (hovered: Hovered | null) => void,
  ) {
    this.drawing = new Drawing(box, theme, format);
    const { chart } = this.drawing;
    const scale = chart.timeScale();
    const whole = (bars: readonly Bar[]): number => wholeBars(bars, this.drawing.extras.episodes);
    this.navigation = new Navigation(scale as Scale, feed, viewport, whole, () => this.moved());
    chart.subscribeCrosshairMove(({ logical }) => onHover(this.drawing.hovered(logical)));
    chart.subscribeDblClick(() => viewport.ask(null));
    box.role = "img";
    box.tabIndex = 0;
    box.addEventListener("keydown", this.key);
    this.hand = watchHand(box, () => this.navigation.hold());
    scale.subscribeVisibleLogicalRangeChange(this.moved);
    this.leave = feed.subscribe(() => this.draw());
    this.draw();
  }

  dispose(): void {
    this.leave();
    this.hand.dispose();
    this.box.removeEventListener("keydown", this.key);
    this.navigation.dispose();
    cancelAnimationFrame(this.frame);
    this.rest.cancel();
    this.drawing.dispose();
  }

  setTheme(theme: ChartTheme): void {
    this.drawing.setTheme(theme);
  }

  setFormat(format: Format): void {
    this.format = format;
    this.drawing.setFormat(format);
    this.moved();
  }

  setStyle(style: Style): void {
    this.navigation.adopt();
    this.drawing.setStyle(style);
    this.navigation.show();
  }

  setRange(range: Range): void {
    this.navigation.setRange(range);
  }

  setExtras(extras: Extras): void {
    const another = extras.episodes !== this.drawing.extras.episodes;
    this.drawing.setExtras(extras);
    if (another) this.rest.moved();
  }

  /** Moves by parts of what is in view, and zooms. */
  move(parts: number, factor = 1): void {
    this.navigation.move(parts, factor);
  }

  /** The chart as it is once all that belongs to its stretch is drawn, and `busy` has ended; as it is after `PICTURE_MS_MAX`. */
  async picture(busy: () => boolean): Promise<Picture> {
    this.navigation.settled();
    await pause(PICTURE_REST_MS);
    await this.still(busy, Date.now() + PICTURE_MS_MAX);
    const canvas = this.drawing.chart.takeScreenshot(true, false);
    return { canvas, ratio: canvas.width / this.box.clientWidth };
  }

  private async still(busy: () => boolean, until: number): Promise<void> {
    await pause(PICTURE_LOOK_MS);
    if ((busy() || this.feed.busy()) && Date.now() < until) await this.still(busy, until);
  }

  /** Draws what is new: all of another generation, else the bars from the last drawn one on. */
  private draw(): void {
    const { bars, generation } = this.feed.read();
    if (bars === this.bars && generation === this.generation) return;
    const another = generation !== this.generation;
    this.navigation.adopt();
    const from = another ? 0 : barFrom(bars, this.bars.at(-1)?.time ?? -1);
    this.bars = bars;
    this.generation = generation;
    if (another) this.drawing.drawAll(bars, !this.navigation.past);
    else this.drawing.drawTail(bars, from);
    this.navigation.drawn(bars, another);
    if (another) this.moved();
  }

  private readonly key = (event: KeyboardEvent): void => chartKey(event, this, this.viewport);

  /** Tells what is in view once a frame, and rests when nothing has moved for a while. */
  private readonly moved = (): void => {
    if (this.frame === 0) this.frame = requestAnimationFrame(this.tell);
    this.rest.moved();
  };

  private readonly tell = (): void => {
    this.frame = 0;
    this.navigation.tell();
  };

  private settle(): void {
    if (this.hand.holds()) return this.rest.moved();
    this.navigation.settled();
    const visible = this.navigation.visible();
    const from = visible ? barFrom(this.bars, visible.from) : 0;
    const to = visible ? barFrom(this.bars, visible.to + 1) : 0;
    const words = chartWords(this.feed.symbol, this.bars.slice(from, to), this.format);
    this.box.setAttribute("aria-label", words);
  }
}

type Scale = ConstructorParameters<typeof Navigation>[0];

/** How many bars there would be, were none merged: the episodes tell how many they had. */
function wholeBars(bars: readonly Bar[], episodes: readonly Episode[]): number {
  const [first, last] = [bars[0]?.time ?? 0, bars.at(-1)?.time ?? 0];
  let sum = 0;
  for (const { bars: count, end, start } of episodes) {
    const began = wholeSeconds(start);
    const ended = Math.max(began + 1, end === null ? last : wholeSeconds(end));
    const inside = Math.min(ended, last) - Math.max(began, first);
    if (inside > 0) sum += (count * inside) / (ended - began);
  }
  return sum;
}
