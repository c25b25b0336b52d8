import { useCallback, useContext, useEffect, useMemo, useRef, useState } from "react";
import {
  type BarFeed,
  type Span,
  SynapseContext,
  useEpisodes,
  useMachine,
  useMarks,
} from "../../synapse/hooks";
import { useFormat } from "../../ui/useFormat";
import type { Viewport } from "../../ui/viewport";
import { ChartTools } from "./ChartTools";
import { ShiftTable } from "./ShiftTable";
import { ChartView } from "./chartView";
import type { Extras, Hovered, Style } from "./drawing";
import { useResting } from "./feedHooks";
import type { MarkKind } from "./marks";
import type { Range } from "./ranges";
import { onThemeChange, readTheme } from "./theme";
import type { Told } from "./told";

interface PriceChartProps {
  readonly feed: BarFeed;
  readonly viewport: Viewport;
  readonly range: Range;
  readonly hovered: Told<Hovered | null>;
}

const NONE: ReadonlySet<MarkKind> = new Set();

/** The canvas and its tools. In a file of its own, so that the library is loaded only after the page stands. */
export default function PriceChart({ feed, viewport, range, hovered }: PriceChartProps) {
  const format = useFormat();
  const store = useContext(SynapseContext);
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState<ChartView | null>(null);
  const [style, setStyle] = useState<Style>("line");
  const [hidden, setHidden] = useState(NONE);
  const span = useResting(viewport);
  const extras = useExtras(feed.symbol, span, hidden);
  const firstFormat = useRef(format);

  useEffect(() => {
    if (!box.current) return;
    const theme = readTheme(box.current);
    const made = new ChartView(box.current, feed, viewport, theme, firstFormat.current, hovered.set);
    setView(made);
    return () => {
      setView(null);
      hovered.set(null);
      made.dispose();
    };
  }, [feed, hovered, viewport]);

  useEffect(
    () =>
      onThemeChange(() => {
        if (box.current) view?.setTheme(readTheme(box.current));
      }),
    [view],
  );
  useEffect(() => view?.setFormat(format), [format, view]);
  useEffect(() => view?.setStyle(style), [style, view]);
  useEffect(() => view?.setRange(range), [range, view]);
  useEffect(() => view?.setExtras(extras), [extras, view]);
  const picture = useCallback(async () => {
    const busy = (): boolean => store?.shelf?.marks.busy() ?? false;
    return (await view?.picture(busy)) ?? null;
  }, [store, view]);

  return (
    <>
      <div className="chart-canvas" ref={box} aria-label={`Chart of ${feed.symbol}`} />
      <ShiftTable span={span} episodes={extras.episodes} moment={extras.moment} />
      <ChartTools
        symbol={feed.symbol}
        span={span}
        picture={picture}
        style={style}
        onStyle={setStyle}
        hidden={hidden}
        onHidden={setHidden}
      />
    </>
  );
}

/** What is drawn beside the prices: shifts of the whole history, marks of what is in view. */
function useExtras(symbol: string, span: Span | null, hidden: ReadonlySet<MarkKind>): Extras {
  const marks = useMarks(symbol, span);
  const episodes = useEpisodes(symbol);
  const { machine } = useMachine();
  // Until the time machine knows where it is, the present is still drawn.
  const moment = machine && machine.clock !== null ? machine.position : null;
  return useMemo(() => ({ episodes, marks, hidden, moment }), [episodes, hidden, marks, moment]);
}
