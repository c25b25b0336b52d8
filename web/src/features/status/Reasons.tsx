import type { Format } from "../../ui/format";
import { useFormat } from "../../ui/useFormat";
import { type Meaning, meaningOf } from "../../ui/featureNames";
import { Needle } from "./Needle";
import { whySentence } from "./why";

const WIDEST = 1.5;

type Features = Readonly<Record<string, number>>;

/** Why the detector says what it says: every feature that it sent, also those unknown here. */
export function Reasons({ features }: { features: Features }) {
  const format = useFormat();
  const entries = Object.entries(features);
  if (entries.length === 0) return null;
  const scaled = Object.hasOwn(features, "vol");
  const why = whySentence(features, format);
  return (
    <details className="reasons" open>
      <summary>Reasons</summary>
      {why && <p className="why">{why}</p>}
      <dl>
        {entries.map(([name, value]) => (
          <Reason key={name} name={name} value={value} meaning={meaningOf(name)} />
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
        {meaning?.unit === "moves" && <Needle value={value} widest={WIDEST} />}
        <span>{written(value, meaning, format)}</span>
      </dd>
    </div>
  );
}

function written(value: number, meaning: Meaning | undefined, format: Format): string {
  if (!meaning) return format.plain(value);
  return meaning.unit === "share" ? format.percent(value) : format.signed(value);
}
