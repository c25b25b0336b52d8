import { useSelected } from "../../synapse/hooks";
import { stoppedFeed } from "../../synapse/notices";
import { MomentTools } from "./MomentTools";
import { Tool } from "./Tool";
import type { DockActions } from "./actions";

interface LiveBarProps {
  readonly symbol: string | null;
  readonly actions: DockActions;
  readonly pinned: boolean;
}

/** The dock while nothing is replayed: that it is live, and the way into the past. */
export function LiveBar({ symbol, actions, pinned }: LiveBarProps) {
  const online = useSelected(({ connection }) => connection.name === "live");
  const ended = useSelected(({ live }) => symbol !== null && stoppedFeed(live, symbol) !== null);
  const live = online && !ended;
  return (
    <div className="dock-bar">
      <strong className="dock-live" data-live={live}>
        {live ? "LIVE" : liveWords(online)}
      </strong>
      {symbol !== null && <WayIntoThePast actions={actions} pinned={pinned} />}
    </div>
  );
}

function WayIntoThePast({ actions, pinned }: Omit<LiveBarProps, "symbol">) {
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
      <p className="dock-hint">
        Drag along the ribbon, or press <kbd>[</kbd> for the last shift.
      </p>
      <MomentTools actions={actions} pinned={pinned} />
    </>
  );
}

/** The newest moment there is need not be of now: the line may be down, or the feed at its end. */
const liveWords = (online: boolean): string => (online ? "NEWEST" : "NOT LIVE");
