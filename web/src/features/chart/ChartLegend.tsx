import { type BarFeed, useMachine } from "../../synapse/hooks";
import { RegimeWord } from "../../ui/Glyph";
import { useFormat } from "../../ui/useFormat";
import type { Hovered } from "./drawing";
import { useNewest } from "./feedHooks";
import { type Told, useTold } from "./told";

interface ChartLegendProps {
  readonly feed: BarFeed;
  readonly hovered: Told<Hovered | null>;
  readonly simulated: boolean;
}

/** The bar under the pointer, else the newest; rendered apart from the chart, a few times a second. */
export function ChartLegend({ feed, hovered, simulated }: ChartLegendProps) {
  const { exact, moment, price } = useFormat();
  const newest = useNewest(feed);
  const { machine } = useMachine();
  const under = useTold(hovered);
  const bar = under?.bar ?? newest;
  const time = bar && new Date(bar.time * 1000).toISOString();
  return (
    <p className="chart-legend">
      {bar && time && (
        <>
          <strong>{price(bar.close)}</strong>
          <span>
            {machine?.clock && !under && "as of "}
            <time dateTime={time} title={exact(time)}>
              {moment(time)}
            </time>
          </span>
          {bar.regime && <RegimeWord regime={bar.regime} />}
        </>
      )}
      {under && under.marks.length > 0 && (
        <span className="chart-said">{under.marks.map(({ text }) => text).join(" · ")}</span>
      )}
      {simulated && <em className="tag">simulated prices</em>}
    </p>
  );
}
