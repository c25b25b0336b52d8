import { useSelected } from "../../synapse/hooks";
import "./replay.css";

/** Says REPLAY while the past is shown; nothing while live. */
export function ReplayBadge() {
  const replay = useSelected(({ machine }) => machine !== null);
  return replay ? <strong className="replay-badge">REPLAY</strong> : null;
}
