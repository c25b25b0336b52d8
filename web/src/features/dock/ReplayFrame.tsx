import { useState } from "react";
import { useSelected } from "../../synapse/hooks";
import { useFormat } from "../../ui/useFormat";
import "./replay.css";

const LIVE_AGAIN = "Live again";

/** An amber frame around the page while the past is shown; tells those who listen which moment it is. */
export function ReplayFrame() {
  const machine = useSelected((snapshot) => snapshot.machine);
  const { day } = useFormat();
  const said = useLastSaid(replayWords(machine, day));
  return (
    <>
      {machine && <div className="replay-frame" aria-hidden="true" />}
      <p className="visually-hidden" aria-live="polite">
        {said}
      </p>
    </>
  );
}

/** What to say of the shown moment; null: nothing new. A replay that plays is not told day by day. */
function replayWords(
  machine: { readonly status: string; readonly clock: string | null } | null,
  day: (time: string) => string,
): string | null {
  if (!machine) return LIVE_AGAIN;
  if (machine.status === "loading" || !machine.clock) return null;
  return machine.status === "playing" ? null : `Replay: as of ${day(machine.clock)}`;
}

/** The newest words; none before the first replay, since a page that opens live was never away. */
function useLastSaid(words: string | null): string {
  const [said, setSaid] = useState({ begun: false, words: "" });
  const begun = said.begun || words !== LIVE_AGAIN;
  const next = begun && words !== null ? words : said.words;
  if (begun !== said.begun || next !== said.words) setSaid({ begun, words: next });
  return next;
}
