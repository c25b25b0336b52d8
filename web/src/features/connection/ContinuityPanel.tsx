import { connectionWords } from "../../synapse/connection";
import type { Snapshot } from "../../synapse/store";
import { Panel } from "../../ui/Panel";
import { useFormat } from "../../ui/useFormat";
import { continuityWords } from "./words";
import "./connection.css";

/** What the connection is doing, and the proof that nothing was missed. */
export function ContinuityPanel({ snapshot }: { snapshot: Snapshot }) {
  const format = useFormat();
  const { count } = format;
  const { connection, continuity, invalid, position, problem } = snapshot;
  // The countdown is the pill's; a sentence that changed every second would be read out each time.
  const { sentence } = connectionWords(connection, Number.POSITIVE_INFINITY);
  return (
    <Panel title="Recorder" className="continuity">
      <output className="continuity-sentence">{sentence}</output>
      <p className="continuity-proof" data-sound={continuity.missed === 0}>
        {continuityWords(continuity, format)}
      </p>
      <p className="quiet">
        At position {count(position)} of the log. <code>synapse verify</code> proves the
        log itself.
      </p>
      {invalid > 0 && (
        <p className="quiet">{count(invalid)} messages did not fit their type and were left out.</p>
      )}
      {problem && <p className="continuity-problem">{problem}</p>}
    </Panel>
  );
}
