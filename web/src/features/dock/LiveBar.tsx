import { useSelected } from "../../synapse/hooks";
import { stoppedFeed } from "../../synapse/notices";
import { MomentTools } from "./MomentTools";
import { Tool } from "./Tool";
import type { DockActions } from "./actions";

interface LiveBarProps {
  /** Null where there is no way into the past. */
  readonly symbol: string | null;
  readonly actions: DockActions;
  readonly pinned: boolean;
  /** Whether there is a ribbon to drag along, and so shifts to go to. */
  readonly hasRibbon: boolean;
}

/** The dock while nothing is replayed: that it is live, and the way into the past. */
export function LiveBar({ symbol, actions, pinned, hasRibbon }: LiveBarProps) {
  const online = useSelected(({ connection }) => connection.name === "live");
  const ended = useSelected(({ live }) => symbol !== null && stoppedFeed(live, symbol) !== null);
  const live = online && !ended;
  return (
    <div className="dock-bar">
      <strong className="dock-live" data-live={live}>
        {live ? "LIVE" : liveWords(online)}
      </strong>
      {symbol !== null && (
        <WayIntoThePast actions={actions} pinned={pinned} hasRibbon={hasRibbon} />
      )}
    </div>
  );
}

function WayIntoThePast({ actions, pinned, hasRibbon }: Omit<LiveBarProps, "symbol">) {
  return (
    <>
      <Tool
        icon="history"
        label="Replay history"
        shortcut="["
        onUse={actions.previousShift}
      >
        <span>Replay history</span>
      </Tool>
      {hasRibbon && (
        <p className="dock-hint">
          Drag along the ribbon, or press <kbd>[</kbd> for the last shift.
        </p>
      )}
      <MomentTools actions={actions} pinned={pinned} />
    </>
  );
}

/** The newest moment there is need not be of now: the line may be down, or the feed at its end. */
const liveWords = (online: boolean): string => (online ? "NEWEST" : "NOT LIVE");
