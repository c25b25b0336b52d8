import type { Comparison } from "../../synapse/comparison";
import { useFormat } from "../../ui/useFormat";

/** What the portfolios were worth at the two moments. */
export function PortfolioChanges({ portfolios }: { portfolios: Comparison["portfolios"] }) {
  const { amount, signedPercent } = useFormat();
  const all = Object.entries(portfolios);
  if (all.length === 0) return null;
  return (
    <table className="compare-table">
      <thead>
        <tr>
          <th scope="col">Portfolio</th>
          <th scope="col">Pinned</th>
          <th scope="col">Shown</th>
          <th scope="col">Change</th>
        </tr>
      </thead>
      <tbody>
        {all.map(([name, { a, b, value_change: change }]) => (
          <tr key={name} data-changed={change !== null && change !== 0}>
            <th scope="row">{name}</th>
            <td>{a ? amount(a.total_value) : "none"}</td>
            <td>{b ? amount(b.total_value) : "none"}</td>
            <td>{change === null ? "" : signedPercent(change)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
