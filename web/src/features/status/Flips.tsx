import type { Explanation, Flip } from "../../synapse/explanation";
import { RegimeWord } from "../../ui/Glyph";
import { useFormat } from "../../ui/useFormat";

/** How far the regime is from a flip: about which next close would do it, and how near each score is. */
export function Flips({ explanation }: { explanation: Explanation | null }) {
  const flips = explanation?.flips ?? [];
  return (
    // Its room is kept while it is not known yet, so that what is below does not move.
    <section className="flips" data-known={explanation !== null} aria-label="Distance to a flip">
      <h3>Distance to a flip</h3>
      {flips.length > 0 && (
        <ul>
          {flips.map((flip) => (
            <FlipRow key={`${flip.to} ${flip.score}`} flip={flip} />
          ))}
        </ul>
      )}
      {/* There is a reason where nothing can be said, be it of the whole or of the flips alone. */}
      {flips.length === 0 && explanation?.reason && (
        <p className="hint">{sentence(explanation.reason)}</p>
      )}
    </section>
  );
}

const sentence = (text: string): string =>
  `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

function FlipRow({ flip }: { flip: Flip }) {
  const { percent, price, signedPercent } = useFormat();
  const { direction, threshold, to, value } = flip;
  return (
    <li>
      <span className="row-line">
        <RegimeWord regime={to} />
        {flip.price !== null && flip.change !== null ? (
          <span>
            at a next close of about <strong>{price(flip.price)}</strong> (
            {signedPercent(flip.change)})
          </span>
        ) : (
          <span className="quiet">not by any one close</span>
        )}
      </span>
      <span className="row-line quiet">
        <Gauge value={value} threshold={threshold} />
        <span>
          score {flip.score} {percent(value)}, flips {direction} {percent(threshold)}
        </span>
      </span>
    </li>
  );
}

/** The score between 0 and 1, with its threshold as a mark. */
function Gauge({ value, threshold }: { value: number; threshold: number }) {
  return (
    <svg className="gauge" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
      <rect className="bar-track" width="100" height="8" />
      <rect className="gauge-value" width={100 * value} height="8" />
      <rect className="gauge-threshold" x={100 * threshold - 1} width="2" height="8" />
    </svg>
  );
}
