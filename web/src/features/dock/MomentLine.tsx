import { useSelected } from "../../synapse/hooks";
import type { Machine } from "../../synapse/machine";
import { RegimeWord } from "../../ui/Glyph";
import { useFormat } from "../../ui/useFormat";
import { NoRegime } from "../../ui/NoRegime";
import { ReplayBadge } from "./ReplayBadge";
import { eventWords, shortHash } from "./words";

interface MomentLineProps {
  readonly symbol: string | null;
  readonly machine: Machine;
}

/** Which moment is shown, what happened last, and what is so now. */
export function MomentLine({ symbol, machine }: MomentLineProps) {
  const { count, exact } = useFormat();
  const { clock, end, position, problem, skipping, stateHash, status } = machine;
  return (
    <div className="dock-moment">
      <ReplayBadge />
      <p className="dock-when">
        {clock ? <time dateTime={clock}>{exact(clock)}</time> : statusWords(status)}
      </p>
      <p className="dock-place">
        {end > 0 && `${count(position)} of ${count(end)}`}
        {stateHash && (
          <span className="dock-hash" title={`The hash of the whole state: ${stateHash}`}>
            state <code>{shortHash(stateHash)}</code>
          </span>
        )}
      </p>
      <Last machine={machine} />
      {skipping && <em className="dock-note">hurrying through calm</em>}
      {clock && status === "loading" && <em className="dock-note">{statusWords(status)}</em>}
      {status === "finished" && <em className="dock-note">{statusWords(status)}</em>}
      {symbol !== null && <Now symbol={symbol} />}
      <output className="dock-problem">{problem}</output>
    </div>
  );
}

function Last({ machine: { lastEvent, problem } }: { machine: Machine }) {
  const format = useFormat();
  if (!lastEvent || problem) return null;
  const words = eventWords(lastEvent, format);
  return (
    <p className="dock-last" title={words}>
      {words}
    </p>
  );
}

/** Whoever looks at the past must not take it for the present. */
function Now({ symbol }: { symbol: string }) {
  const regime = useSelected(({ live }) => live.symbols[symbol]?.regime?.regime ?? null);
  return (
    <p className="dock-now">
      Live: {symbol} {regime ? <RegimeWord regime={regime} /> : <NoRegime />}
    </p>
  );
}

function statusWords(status: Machine["status"]): string {
  if (status === "failed") return "This moment could not be read";
  if (status === "finished") return "the end of the log";
  return status === "loading" ? "reading …" : "before the first event";
}
