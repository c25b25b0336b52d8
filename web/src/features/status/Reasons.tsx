import { signed, words } from "../../ui/format";

const NAMES: Readonly<Record<string, string>> = {
  trend: "Versus 200-bar average",
  t50: "Versus 50-bar average",
  dv: "Downside volatility",
  m21: "Change over 21 bars",
  m63: "Change over 63 bars",
  m126: "Change over 126 bars",
  high21: "Versus 21-bar high",
  low42: "Versus 42-bar low",
  vol: "Usual volatility, a year",
};
const WIDEST = 1.5;
const REACH = 36;

/** The detector's features, in units of its usual volatility, and that: why it says what it says. */
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
  const length = (REACH * Math.min(WIDEST, Math.abs(value))) / WIDEST;
  return (
    <svg className="needle" viewBox="0 0 72 8" aria-hidden="true">
      <path d="M36 0v8" />
      <rect x={value < 0 ? REACH - length : REACH} y="2" width={length} height="4" rx="1" />
    </svg>
  );
}
