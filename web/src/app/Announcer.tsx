import { useEffect, useRef, useState } from "react";
import type { Regime } from "../synapse/generated";
import { useMachine, useSelected } from "../synapse/hooks";
import { useFormat } from "../ui/useFormat";

/** While the time machine plays, shifts are told at most so often. */
export const REPLAY_EVERY_MS = 2_000;

interface Said {
  readonly text: string;
  readonly urgent: boolean;
}

const NOTHING: Said = { text: "", urgent: false };

/** Tells those who listen to the page that what is shown of the chosen symbol has changed. */
export function Announcer({ symbol }: { symbol: string }) {
  const regime = useSelected(({ market }) => market.symbols[symbol]?.regime?.regime ?? null);
  const { machine } = useMachine();
  const replaying = machine !== null;
  const { text, urgent } = useLiveWords(symbol, regime, replaying);

  useEffect(() => {
    const what = regime ? `${symbol} ${regime} · Synapse` : "Synapse";
    document.title = replaying ? `REPLAY · ${what}` : what;
  }, [regime, replaying, symbol]);

  return (
    <>
      <p className="visually-hidden" aria-live="polite">
        {urgent ? "" : text}
      </p>
      <p className="visually-hidden" aria-live="assertive">
        {urgent ? text : ""}
      </p>
      {machine && (
        <ReplayAnnouncer
          symbol={symbol}
          regime={machine.status === "loading" ? null : regime}
          clock={machine.clock}
        />
      )}
    </>
  );
}

/** A shift, once; going to another symbol or coming back from the past is none. */
function useLiveWords(symbol: string, regime: Regime | null, replaying: boolean): Said {
  const [known, setKnown] = useState({ symbol, regime, replaying });
  const [said, setSaid] = useState(NOTHING);
  const same = known.symbol === symbol && known.replaying === replaying;
  if (!same || known.regime !== regime) {
    setKnown({ symbol, regime, replaying });
    if (replaying) setSaid(NOTHING);
    else if (known.replaying && regime) setSaid(liveAgain(symbol, regime));
    else if (same && known.regime && regime) setSaid(shifted(symbol, known.regime, regime));
    else setSaid(NOTHING);
  }
  return said;
}

const liveAgain = (symbol: string, regime: Regime): Said => ({
  text: `Live again: ${symbol} is ${regime}.`,
  urgent: false,
});

const shifted = (symbol: string, from: Regime, to: Regime): Said => ({
  text: `${symbol} has shifted from ${from} to ${to}.`,
  urgent: to === "CRASH",
});

interface ReplayAnnouncerProps {
  readonly symbol: string;
  /** Null while nothing of the past is shown yet. */
  readonly regime: Regime | null;
  readonly clock: string | null;
}

/** What is shown of the past, whenever the regime there is another one. */
function ReplayAnnouncer({ symbol, regime, clock }: ReplayAnnouncerProps) {
  const { day } = useFormat();
  const [said, setSaid] = useState("");
  const saidAt = useRef(Number.NEGATIVE_INFINITY);
  const when = useRef("");
  useEffect(() => {
    when.current = clock ? `, ${day(clock)}` : "";
  });
  useEffect(() => {
    if (!regime) return undefined;
    const say = (): void => {
      saidAt.current = Date.now();
      setSaid(`Replay: ${symbol} ${regime}${when.current}.`);
    };
    const timer = setTimeout(say, Math.max(0, saidAt.current + REPLAY_EVERY_MS - Date.now()));
    return () => clearTimeout(timer);
  }, [regime, symbol]);
  return (
    <p className="visually-hidden" aria-live="polite">
      {said}
    </p>
  );
}
