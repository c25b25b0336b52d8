import type { Explanation, Score } from "../../synapse/explanation";
import { useFormat } from "../../ui/useFormat";
import { featureName } from "../../ui/featureNames";
import { Needle } from "./Needle";

/** The features that drive the score which is nearest to a threshold, strongest first. */
export function Drivers({ explanation }: { explanation: Explanation }) {
  const { signed } = useFormat();
  const score = nearest(explanation);
  if (!score || score.terms.length === 0) return null;
  const terms = score.terms.toSorted((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution));
  const widest = Math.max(...terms.map((term) => Math.abs(term.contribution)), 1e-9);
  return (
    <section className="drivers" aria-label={`What drives the score ${score.name}`}>
      <h3>What drives the score {score.name}</h3>
      <dl>
        {terms.map((term) => (
          <div key={term.feature}>
            <dt title={term.feature}>{featureName(term.feature)}</dt>
            <dd>
              <Needle value={term.contribution} widest={widest} />
              <span>{signed(term.contribution)}</span>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function nearest({ flips, scores }: Explanation): Score | undefined {
  const name = flips[0]?.score;
  return scores.find((score) => score.name === name) ?? scores[0];
}
