import { type Connection, connectionWords } from "../../synapse/connection";
import { useNow } from "../../ui/useNow";
import "./connection.css";

interface ConnectionPillProps {
  readonly connection: Connection;
  /** Whether the chosen symbol's feed has stopped: the line is live then, but the prices are not. */
  readonly quiet?: boolean;
}

/** The connection in a word, with the sentence behind it. */
export function ConnectionPill({ connection, quiet = false }: ConnectionPillProps) {
  const now = useNow(connection.name === "reconnecting");
  const { word, sentence } = connectionWords(connection, now);
  const still = quiet && connection.name === "live";
  return (
    <span className="connection-pill" data-state={still ? "still" : connection.name} title={sentence}>
      <span className="connection-dot" aria-hidden="true" />
      {still ? "Connected" : word}
    </span>
  );
}
