import type { ReactNode } from "react";
import type { Regime } from "../synapse/generated";

const SHAPES: Readonly<Record<Regime, ReactNode>> = {
  BULL: <path d="M8 2.5 15 14H1Z" />,
  BEAR: <path d="M8 13.5 1 2h14Z" />,
  CRASH: (
    <path
      fillRule="evenodd"
      d="M8 1 16 15H0ZM7.1 5.6l.3 4.6h1.2l.3-4.6ZM8 11.2a1 1 0 1 0 0 2 1 1 0 0 0 0-2Z"
    />
  ),
  SIDEWAYS: <path d="M2.5 2.5h11v11h-11Z" />,
};

/** ▲ ▼ ⚠ ■, drawn, so that no font can miss one or turn it into an emoji. */
function Glyph({ regime }: { regime: Regime }) {
  return (
    <svg className="glyph" viewBox="0 0 16 16" aria-hidden="true">
      {SHAPES[regime]}
    </svg>
  );
}

/** A regime as glyph and word, in its colour. */
export function RegimeWord({ regime }: { regime: Regime }) {
  return (
    <span className="regime-word" data-regime={regime}>
      <Glyph regime={regime} />
      {regime}
    </span>
  );
}
