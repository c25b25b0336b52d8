import { signed, words } from "../../ui/format";

const NAMES: Readonly<Record<string, string>> = {
  trend: "Against the 200-bar average",
  t50: "Against the 50-bar average",
  dv: "Downside volatility",
  m21: "Change over 21 bars",
  m63: "Change over 63 bars",
  m126: "Change over 126 bars",
};
const WIDEST = 3;

/** The detector's features, in units of its usual volatility: why it says what it says. */
export function Reasons({ features }: { features: Readonly<Record<string, number>> }) {
  const entries = Object.entries(features);
  if (entries.length === 0) return null;
  return (
    <details className="reasons" open>
      <summary>Reasons</summary>
      <dl>
        {entries.map(([name, value]) => (
          <div key={name}>
            <dt title={name}>{NAMES[name] ?? words(name)}</dt>
            <dd>
              <Needle value={value} />
              <span>{signed(value)}</span>
            </dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

function Needle({ value }: { value: number }) {
  const length = (20 * Math.min(WIDEST, Math.abs(value))) / WIDEST;
  return (
    <svg className="needle" viewBox="0 0 40 8" aria-hidden="true">
      <path d="M20 0v8" />
      <rect x={value < 0 ? 20 - length : 20} y="2" width={length} height="4" rx="1" />
    </svg>
  );
}
