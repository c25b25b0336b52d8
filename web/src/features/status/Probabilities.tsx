import { REGIME_VALUES, type Regime } from "../../synapse/generated";
import { RegimeWord } from "../../ui/Glyph";
import { useFormat } from "../../ui/useFormat";

interface ProbabilitiesProps {
  readonly probabilities: Readonly<Partial<Record<Regime, number>>>;
  readonly shown: Regime;
}

/** The four probabilities as bars. */
export function Probabilities({ probabilities, shown }: ProbabilitiesProps) {
  const { percent } = useFormat();
  const of = (regime: Regime): number => probabilities[regime] ?? 0;
  const likeliest = REGIME_VALUES.reduce((best, one) => (of(one) > of(best) ? one : best), shown);
  return (
    <div className="probabilities">
      <dl>
        {REGIME_VALUES.map((regime) => (
          <div key={regime} data-regime={regime} data-shown={regime === shown}>
            <dt>
              <RegimeWord regime={regime} />
            </dt>
            <dd>
              <Bar fraction={of(regime)} />
              <span>{percent(of(regime))}</span>
            </dd>
          </div>
        ))}
      </dl>
      {likeliest !== shown && (
        <p className="hint">
          {likeliest} is more probable at this moment. The detector holds {shown} until a clear
          threshold is crossed, so that it does not flicker.
        </p>
      )}
    </div>
  );
}

function Bar({ fraction }: { fraction: number }) {
  return (
    <svg className="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
      <rect className="bar-track" width="100" height="8" />
      <rect className="bar-value" width={100 * fraction} height="8" />
    </svg>
  );
}
