import { useEffect, useRef } from "react";
import type { Bar, BarsSnapshot } from "../../synapse/bars";
import { ChartView, type Range } from "./chartView";
import { onSchemeChange, readTheme } from "./theme";

interface PriceChartProps {
  readonly snapshot: BarsSnapshot;
  readonly range: Range;
  readonly onHover: (bar: Bar | null) => void;
}

/** The canvas. In a file of its own, so that the library is loaded only after the page stands. */
export default function PriceChart({ snapshot, range, onHover }: PriceChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const view = useRef<ChartView | null>(null);

  useEffect(() => {
    if (!box.current) return;
    const made = new ChartView(box.current, readTheme(box.current), onHover);
    view.current = made;
    return () => {
      view.current = null;
      made.dispose();
    };
  }, [onHover]);

  useEffect(
    () =>
      onSchemeChange(() => {
        if (box.current) view.current?.setTheme(readTheme(box.current));
      }),
    [],
  );

  useEffect(() => view.current?.setBars(snapshot), [snapshot]);

  useEffect(() => view.current?.setRange(range), [range]);

  return <div className="chart-canvas" ref={box} />;
}
