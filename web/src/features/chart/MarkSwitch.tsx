import { type Look, MARK_KINDS, type MarkKind } from "./marks";
import { OUTLINES, TONES } from "./shapes";

const LOOKS: Readonly<Record<MarkKind, readonly Look[]>> = {
  shift: ["BULL", "BEAR", "CRASH", "SIDEWAYS"],
  alert: ["info", "warning", "critical"],
  trade: ["buy", "sell"],
};

interface MarkSwitchProps {
  /** What the page may not show. */
  readonly missing: ReadonlySet<MarkKind>;
  readonly hidden: ReadonlySet<MarkKind>;
  readonly onChange: (hidden: ReadonlySet<MarkKind>) => void;
}

const looksOf = (kind: MarkKind): string =>
  LOOKS[kind].map((look) => look.toLowerCase()).join(", ");

/** Names the shapes on the chart; each kind can be hidden. */
export function MarkSwitch({ missing, hidden, onChange }: MarkSwitchProps) {
  const toggle = (kind: MarkKind): void => {
    if (missing.has(kind)) return;
    const others = new Set(hidden);
    if (!others.delete(kind)) others.add(kind);
    onChange(others);
  };
  return (
    <fieldset className="mark-switch" aria-label="Marks on the chart">
      {(Object.keys(MARK_KINDS) as MarkKind[]).map((kind) => (
        <button
          key={kind}
          type="button"
          aria-disabled={missing.has(kind)}
          aria-pressed={!hidden.has(kind) && !missing.has(kind)}
          title={missing.has(kind) ? "Not in your token" : looksOf(kind)}
          onClick={() => toggle(kind)}
        >
          {LOOKS[kind].map((look) => (
            <svg key={look} className="glyph" viewBox="0 0 16 16" aria-hidden="true">
              <path d={OUTLINES[look]} fill={`var(${TONES[look]})`} fillRule="evenodd" />
            </svg>
          ))}
          {MARK_KINDS[kind]}
        </button>
      ))}
    </fieldset>
  );
}
