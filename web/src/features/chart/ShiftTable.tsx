import type { Episode } from "../../synapse/episodes";
import type { Span } from "../../synapse/hooks";
import { useFormat } from "../../ui/useFormat";
import { wholeSeconds } from "./search";

const ROWS_MAX = 100;

interface ShiftTableProps {
  readonly span: Span | null;
  readonly episodes: readonly Episode[];
  /** The position that is shown; null while live. */
  readonly moment: number | null;
}

/** The shifts in view as a table, for those who do not see the picture; the newest `ROWS_MAX`. */
export function ShiftTable({ span, episodes, moment }: ShiftTableProps) {
  const { exact } = useFormat();
  const shifts = episodes.filter(
    ({ position, previous_regime, start }) =>
      previous_regime !== null &&
      (moment === null || position <= moment) &&
      isWithin(wholeSeconds(start), span),
  );
  if (shifts.length === 0) return null;
  return (
    // Wrapped: a table itself does not shrink to one pixel.
    <div className="visually-hidden">
      <table>
        <caption>Shifts in view</caption>
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col">From</th>
            <th scope="col">To</th>
          </tr>
        </thead>
        <tbody>
          {shifts.slice(-ROWS_MAX).map(({ position, previous_regime, regime, start }) => (
            <tr key={position}>
              <td>{exact(start)}</td>
              <td>{previous_regime}</td>
              <td>{regime}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function isWithin(time: number, span: Span | null): boolean {
  return span !== null && time >= span.from && time <= span.to;
}
