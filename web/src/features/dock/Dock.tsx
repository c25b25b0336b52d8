import { type ReactNode, Suspense, lazy, useMemo, useState } from "react";
import { useEpisodes, useSelected } from "../../synapse/hooks";
import { useKeys } from "../../ui/keys";
import { useFormat } from "../../ui/useFormat";
import { isIntraday } from "../../ui/usualBar";
import { LiveBar } from "./LiveBar";
import { ReplayBar } from "./ReplayBar";
import { dockKeys, useDockActions } from "./actions";
import "./dock.css";

const GoToDialog = lazy(() => import("./GoToDialog"));

interface DockProps {
  readonly symbol: string | null;
  /** The mood ribbon, which lies along the dock's upper edge. */
  readonly ribbon: ReactNode;
  /** Is given the place below the controls, for what else belongs to the ribbon. */
  readonly onFoot?: (foot: HTMLElement | null) => void;
  /** The position that is pinned to compare. */
  readonly compare: number | null;
  /** Pins a position; null lets it go. */
  readonly onPin: (position: number | null) => void;
  /** Copies a link to what is shown. */
  readonly onCopyLink: () => void;
}

/** The controls of the time machine, at the foot of the page; while live, the way into it. */
export function Dock({ symbol, ribbon, onFoot, compare, onPin, onCopyLink }: DockProps) {
  const { count } = useFormat();
  const episodes = useEpisodes(symbol);
  const intraday = useMemo(() => isIntraday(episodes), [episodes]);
  const head = useSelected(({ position }) => position);
  const [asking, setAsking] = useState(false);
  const actions = useDockActions(symbol, intraday, count, {
    onCopyLink,
    onPin: () => onPin(compare === shown ? null : shown),
    onAskDate: () => setAsking(symbol !== null),
  });
  const { machine } = actions;
  const shown = machine?.position ?? head;
  useKeys(dockKeys(actions), "Time machine");
  return (
    <section className="dock" aria-label="Time machine" data-replay={machine !== null}>
      <div className="dock-ribbon">{ribbon}</div>
      {machine ? (
        <ReplayBar symbol={symbol} machine={machine} actions={actions} pinned={compare === shown} />
      ) : (
        <LiveBar symbol={symbol} actions={actions} pinned={compare === shown} />
      )}
      <div ref={onFoot} />
      {asking && symbol !== null && (
        <Suspense fallback={null}>
          <GoToDialog symbol={symbol} onClose={() => setAsking(false)} />
        </Suspense>
      )}
    </section>
  );
}
