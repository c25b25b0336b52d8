import { type FormEvent, useEffect, useMemo, useRef, useState } from "react";
import type { Episode } from "../../synapse/episodes";
import { useEpisodes, useMachine } from "../../synapse/hooks";
import { Dialog } from "../../ui/Dialog";
import { RegimeWord } from "../../ui/Glyph";
import { useFormat } from "../../ui/useFormat";
import { isIntraday } from "../../ui/usualBar";
import { type Fineness, endOf, fieldText } from "./zone";
import "./goto.css";

const FAMOUS_SHOWN = 8;
/** Less than this is no fall to go to. */
const FALL_MIN = -0.02;

/** Typed, as the log and all pages write it: a browser's own field takes its locale's order, and no pasted date. */
const SAMPLE: Readonly<Record<Fineness, string>> = { day: "2008-10-10", minute: "2008-10-10 15:30" };

interface GoToDialogProps {
  readonly symbol: string;
  readonly onClose: () => void;
}

/** Asks for a date and goes to its end; offers the crashes that the log knows. */
export default function GoToDialog({ symbol, onClose }: GoToDialogProps) {
  const episodes = useEpisodes(symbol);
  const { controls } = useMachine();
  const intraday = isIntraday(episodes);
  const famous = useMemo(() => famousEpisodes(episodes), [episodes]);
  const go = (time: string): void => {
    controls.goTo({ time, symbol });
    onClose();
  };
  return (
    <Dialog title={`Go to a date of ${symbol}`} className="goto" onClose={onClose}>
      <DateForm episodes={episodes} onGo={go} />
      {famous.length > 0 && (
        <>
          <h3>Its deepest falls, from the beginning of the crash or bear market</h3>
          <ul className="goto-famous">
            {famous.map((one) => (
              <li key={one.position}>
                <Famous
                  episode={one}
                  intraday={intraday}
                  onGo={() => {
                    controls.goTo({ position: one.position });
                    onClose();
                  }}
                />
              </li>
            ))}
          </ul>
        </>
      )}
    </Dialog>
  );
}

interface DateFormProps {
  readonly episodes: readonly Episode[];
  readonly onGo: (time: string) => void;
}

function DateForm({ episodes, onGo }: DateFormProps) {
  const { machine } = useMachine();
  const { timeZone } = useFormat();
  const fineness: Fineness = isIntraday(episodes) ? "minute" : "day";
  const first = episodes[0]?.start;
  const [text, setText] = useState(() =>
    machine?.clock ? fieldText(machine.clock, fineness, timeZone) : "",
  );
  const [wrong, setWrong] = useState("");
  const field = useRef<HTMLInputElement>(null);
  // The dialog gives the focus to its first button, and a date is what was asked for.
  useEffect(() => field.current?.focus(), []);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const time = endOf(text, fineness, timeZone);
    if (!time) setWrong(`Write it as ${SAMPLE[fineness]}.`);
    else if (first && time < new Date(first).toISOString()) {
      setWrong("That is before the first regime of the log.");
    } else onGo(time);
  };
  return (
    <form className="goto-form" onSubmit={submit} noValidate>
      <label>
        {fineness === "day" ? "Date" : "Date and clock"}, {timeZone}
        <input
          ref={field}
          value={text}
          placeholder={SAMPLE[fineness]}
          autoComplete="off"
          spellCheck={false}
          onChange={({ target }) => setText(target.value)}
        />
      </label>
      <button type="submit">Go</button>
      <output>{wrong}</output>
    </form>
  );
}

interface FamousProps {
  readonly episode: Episode;
  readonly intraday: boolean;
  readonly onGo: () => void;
}

function Famous({ episode, intraday, onGo }: FamousProps) {
  const { day, exact, signedPercent } = useFormat();
  const { maximum_drawdown: fall, regime, start } = episode;
  return (
    <button type="button" onClick={onGo}>
      <time dateTime={start}>{intraday ? exact(start) : day(start)}</time>
      <RegimeWord regime={regime} />
      {fall !== null && <span>{signedPercent(fall, 0)}</span>}
    </button>
  );
}

const depth = (one: Episode): number => one.maximum_drawdown ?? 0;

/** The episodes of a symbol in which it fell most, in CRASH or BEAR, deepest first. */
export function famousEpisodes(episodes: readonly Episode[]): readonly Episode[] {
  return episodes
    .filter((one) => (one.regime === "CRASH" || one.regime === "BEAR") && depth(one) < FALL_MIN)
    .toSorted((a, b) => depth(a) - depth(b))
    .slice(0, FAMOUS_SHOWN);
}
