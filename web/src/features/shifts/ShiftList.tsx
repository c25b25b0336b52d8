import { type KeyboardEvent, useState } from "react";
import { useEpisodes, useMachine } from "../../synapse/hooks";
import type { Episode } from "../../synapse/episodes";
import { SOURCE_MANUAL, SOURCE_SIMULATED } from "../../synapse/view";
import { RegimeWord } from "../../ui/Glyph";
import { Empty, Panel } from "../../ui/Panel";
import { RestOfRows } from "../../ui/RestOfRows";
import { useFormat } from "../../ui/useFormat";
import { useRows } from "../../ui/useRows";
import "./shifts.css";

const SHIFTS_SHOWN_MAX = 200;

const ORIGINS: Readonly<Record<string, string>> = {
  [SOURCE_SIMULATED]: "simulated",
  [SOURCE_MANUAL]: "manual test",
};

/** A symbol's changes of regime, newest first, with what came of each; each leads to its moment. */
export function ShiftList({ symbol }: { symbol: string }) {
  const episodes = useEpisodes(symbol);
  const { machine } = useMachine();
  const { count } = useFormat();
  const upTo = machine?.position ?? Number.POSITIVE_INFINITY;
  const shifts = episodes.filter((one) => one.previous_regime !== null && one.position <= upTo);
  const shown = shifts.slice(-SHIFTS_SHOWN_MAX).toReversed();
  const [last, setLast] = useState<number | null>(null);
  const { comes, left, rows, showAll } = useRows(shown);
  const stop = shown.find((one) => one.position === last) ?? shown[0];
  return (
    <Panel
      title="Shifts"
      className="shifts"
      aside={
        <span className="quiet">
          {symbol}, {count(shifts.length)} so far
        </span>
      }
    >
      {shown.length === 0 ? (
        <Empty>No shift so far.</Empty>
      ) : (
        <ol className="rows" aria-label="Shifts" {...comes}>
          {rows.map((shift, index) => (
            <ShiftRow
              key={shift.position}
              shift={shift}
              over={machine === null || index > 0}
              stop={shift === stop}
              onFocus={() => setLast(shift.position)}
            />
          ))}
          <RestOfRows left={left} onShow={showAll} />
        </ol>
      )}
    </Panel>
  );
}

interface ShiftRowProps {
  readonly shift: Episode;
  /** Whether what came of it was known at the moment that is shown. */
  readonly over: boolean;
  /** Whether Tab comes here: the list is one stop, and the arrows go on. */
  readonly stop: boolean;
  readonly onFocus: () => void;
}

function ShiftRow({ shift, over, stop, onFocus }: ShiftRowProps) {
  const { day, moment } = useFormat();
  const { controls } = useMachine();
  const origin = ORIGINS[shift.source];
  return (
    <li>
      <button
        type="button"
        className="shift"
        title="Go to this moment"
        tabIndex={stop ? 0 : -1}
        onFocus={onFocus}
        onKeyDown={walk}
        onClick={() => controls.goTo({ position: shift.position })}
      >
        <span className="row-line">
          {shift.previous_regime && <RegimeWord regime={shift.previous_regime} />}
          <span aria-label="to">→</span>
          <RegimeWord regime={shift.regime} />
          <time dateTime={shift.start}>{moment(shift.start)}</time>
        </span>
        <span className="quiet">
          {over && shift.end !== null && <Outcome shift={shift} />}
          {over && shift.end === null && `since ${day(shift.start)}`}
          {origin && `, ${origin}`}
        </span>
      </button>
    </li>
  );
}

/** ↑ and ↓ go from shift to shift, Home and End to the newest and the oldest that are shown. */
function walk(event: KeyboardEvent<HTMLButtonElement>): void {
  const all = [...(event.currentTarget.closest("ol")?.querySelectorAll("button") ?? [])];
  const at = all.indexOf(event.currentTarget);
  const ways = new Map([
    ["ArrowDown", at + 1],
    ["ArrowUp", at - 1],
    ["Home", 0],
    ["End", all.length - 1],
  ]);
  const to = ways.get(event.key);
  if (to === undefined) return;
  event.preventDefault();
  all[to]?.focus();
}

/** What the episode brought, for one who knows how it ended. */
function Outcome({ shift }: { shift: Episode }) {
  const { count, signedPercent } = useFormat();
  const drawdown = shift.maximum_drawdown;
  return (
    <>
      lasted {count(shift.bars)} {shift.bars === 1 ? "bar" : "bars"}
      {shift.return !== null && `, ${signedPercent(shift.return)}`}
      {drawdown !== null && drawdown < 0 && `, worst ${signedPercent(drawdown)}`}
    </>
  );
}
