import type { SymbolChange } from "../../synapse/comparison";
import { featureName } from "../../ui/featureNames";
import { useFormat } from "../../ui/useFormat";

/** Every feature at the two moments, and what its change did to each score; the drivers come first. */
export function FeatureChanges({ change }: { change: SymbolChange }) {
  const { plain, signed } = useFormat();
  const { drivers, features } = change;
  if (features.length === 0) return null;
  const scores = [...new Set(features.flatMap((one) => Object.keys(one.contributions)))];
  const named = drivers.map(featureName).join(", ");
  return (
    <>
      {named && (
        <p>
          What did it: <strong>{named}</strong>.
        </p>
      )}
      {/* A table that scrolls must be reachable by keyboard. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <section className="compare-scroll" tabIndex={0} aria-label="Features">
        <table className="compare-table">
          <thead>
            <tr>
              <th scope="col">Feature</th>
              <th scope="col">Pinned</th>
              <th scope="col">Shown</th>
              {scores.map((score) => (
                <th key={score} scope="col">
                  on score {score}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {features.map((one) => (
              <tr key={one.name} data-changed={drivers.includes(one.name)}>
                <th scope="row">{featureName(one.name)}</th>
                <td>{one.a === null ? "unknown" : plain(one.a)}</td>
                <td>{one.b === null ? "unknown" : plain(one.b)}</td>
                {scores.map((score) => (
                  <td key={score}>{effect(one.contributions[score], signed)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </>
  );
}

const effect = (value: number | undefined, signed: (value: number) => string): string =>
  value === undefined || value === 0 ? "" : signed(value);
