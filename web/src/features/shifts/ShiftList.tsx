import { useRegimeStream } from "../../synapse/hooks";
import { SOURCE_MANUAL, SOURCE_SIMULATED, type Shift } from "../../synapse/view";
import { RegimeWord } from "../../ui/Glyph";
import { Empty, Panel } from "../../ui/Panel";
import { useFormat } from "../../ui/useFormat";

const ORIGINS: Readonly<Record<string, string>> = {
  [SOURCE_SIMULATED]: "simulated",
  [SOURCE_MANUAL]: "manual test",
};

/** A symbol's changes of regime, newest first. */
export function ShiftList({ symbol }: { symbol: string }) {
  const { shifts } = useRegimeStream(symbol);
  return (
    <Panel title="Shifts" className="shifts" aside={<span className="quiet">{symbol}</span>}>
      {shifts.length === 0 ? (
        <Empty>No shift among the newest regime updates.</Empty>
      ) : (
        // A list that scrolls must be reachable by keyboard.
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <ol className="rows" tabIndex={0} aria-label="Shifts">
          {shifts.map((shift) => (
            <ShiftRow key={shift.position} shift={shift} />
          ))}
        </ol>
      )}
    </Panel>
  );
}

function ShiftRow({ shift }: { shift: Shift }) {
  const { moment, percent } = useFormat();
  const origin = ORIGINS[shift.source];
  return (
    <li>
      <span className="row-line">
        <RegimeWord regime={shift.from} />
        <span aria-label="to">→</span>
        <RegimeWord regime={shift.to} />
        <time dateTime={shift.at}>{moment(shift.at)}</time>
      </span>
      <span className="quiet">
        {percent(shift.confidence)} confident{origin && `, ${origin}`}
      </span>
    </li>
  );
}
