import { type Connection, connectionWords } from "../../synapse/connection";
import { useNow } from "../../ui/useNow";
import "./connection.css";

/** The connection in a word, with the sentence behind it. */
export function ConnectionPill({ connection }: { connection: Connection }) {
  const now = useNow(connection.name === "reconnecting");
  const { word, sentence } = connectionWords(connection, now);
  return (
    <span className="connection-pill" data-state={connection.name} title={sentence}>
      <span className="connection-dot" aria-hidden="true" />
      {word}
    </span>
  );
}
