import { SOURCE_PAPER, originWords } from "../synapse/view";
import "./origin.css";

/** Whose trades these are: paper trading, one's own, a test. */
export function Origin({ source }: { source: string | null }) {
  return (
    <span className="origin" data-paper={source === SOURCE_PAPER}>
      {originWords(source)}
    </span>
  );
}

/** Stands wherever paper trading is shown. */
export function PaperNote({ sources }: { sources: readonly (string | null)[] }) {
  if (!sources.includes(SOURCE_PAPER)) return null;
  return (
    <small className="quiet">Paper trading uses no real money. Not investment advice.</small>
  );
}
