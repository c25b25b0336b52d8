import type { Regime } from "../../synapse/generated";
import { HEIGHTS } from "./strip";

/** The highest first. */
const REGIMES = Object.keys(HEIGHTS) as Regime[];
/** How high CRASH is here. */
const TALL_PX = 14;

/** What the marks and heights of the bands mean. */
export function Legend() {
  return (
    <ul className="lane-legend" aria-label="Legend of the bands">
      <li>
        <span className="lane-swatch-differs" aria-hidden="true" />
        they differ
      </li>
      {REGIMES.map((regime) => (
        <li key={regime}>
          <span
            className="lane-swatch"
            data-regime={regime}
            style={{ height: Math.round(TALL_PX * HEIGHTS[regime]) }}
            aria-hidden="true"
          />
          {regime}
        </li>
      ))}
    </ul>
  );
}
