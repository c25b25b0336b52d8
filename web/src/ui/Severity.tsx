import type { ReactNode } from "react";
import type { AlertSeverity } from "../synapse/generated";
import "./severity.css";

const SHAPES: Readonly<Record<AlertSeverity, ReactNode>> = {
  info: <circle cx="8" cy="8" r="6" />,
  warning: <path d="M8 1 15 8 8 15 1 8Z" />,
  critical: <path d="M5 1h6l4 4v6l-4 4H5l-4-4V5Z" />,
};

/** ● ◆ ⬣ and the word: how grave an alert is, never by colour alone. */
export function Severity({ severity }: { severity: AlertSeverity }) {
  return (
    <span className="severity" data-severity={severity}>
      <svg className="glyph" viewBox="0 0 16 16" aria-hidden="true">
        {SHAPES[severity]}
      </svg>
      {severity}
    </span>
  );
}
