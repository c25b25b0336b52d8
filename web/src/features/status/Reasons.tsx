import type { Format } from "../../ui/format";
import { useFormat } from "../../ui/useFormat";

/** What a feature is called, and in what it counts: `moves` in the symbol's usual volatility. */
interface Meaning {
  readonly name: string;
  readonly unit: "moves" | "share";
}

const moves = (name: string): Meaning => ({ name, unit: "moves" });

/** The anchored detector's features, as docs/detector.md defines them. */
const KNOWN: ReadonlyMap<string, Meaning> = new Map([
  ["trend", moves("Versus 200-bar average")],
  ["t50", moves("Versus 50-bar average")],
  ["dv", moves("Downside versus usual")],
  ["m126", moves("Change over 126 bars")],
  ["high21", moves("Versus 21-bar high")],
  ["low42", moves("Versus 42-bar low")],
  ["vol", { name: "Usual volatility, a year", unit: "share" }],
]);
const WIDEST = 1.5;
const REACH = 36;

type Features = Readonly<Record<string, number>>;

/** Why the detector says what it says: every feature that it sent, also those unknown here. */
export function Reasons({ features }: { features: Features }) {
  const entries = Object.entries(features);
  if (entries.length === 0) return null;
  const scaled = Object.hasOwn(features, "vol");
  return (
    <details className="reasons" open>
      <summary>Reasons</summary>
      <dl>
        {entries.map(([name, value]) => (
          <Reason key={name} name={name} value={value} meaning={KNOWN.get(name)} />
        ))}
      </dl>
      {scaled && (
        <p className="hint">
          In units of the usual volatility of a year; the downside as a logarithm, 0 being usual.
        </p>
      )}
    </details>
  );
}

interface ReasonProps {
  readonly name: string;
  readonly value: number;
  readonly meaning: Meaning | undefined;
}

function Reason({ name, value, meaning }: ReasonProps) {
  const format = useFormat();
  return (
    <div>
      <dt title={name}>{meaning?.name ?? name}</dt>
      <dd>
        {meaning?.unit === "moves" && <Needle value={value} />}
        <span>{written(value, meaning, format)}</span>
      </dd>
    </div>
  );
}

function written(value: number, meaning: Meaning | undefined, format: Format): string {
  if (!meaning) return format.plain(value);
  return meaning.unit === "share" ? format.percent(value) : format.signed(value);
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
