import { type ReactNode, Suspense, lazy, useMemo, useState } from "react";
import { PRICED, useEpisodes, useHidden, useSelected } from "../../synapse/hooks";
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
  const hasRibbon = useHidden(PRICED).length === 0;
  // While nothing may be read there is no way into the past, but one out of it.
  const isOut = useSelected(({ connection }) => connection.name === "signed_out");
  const isShut = isOut && machine === null;
  const shown = machine?.position ?? head;
  useKeys(isShut ? {} : dockKeys(actions), "Time machine");
  return (
    <section className="dock" aria-label="Time machine" data-replay={machine !== null}>
      {hasRibbon && <div className="dock-ribbon">{ribbon}</div>}
      {machine ? (
        <ReplayBar symbol={symbol} machine={machine} actions={actions} pinned={compare === shown} />
      ) : (
        <LiveBar
          symbol={isShut ? null : symbol}
          actions={actions}
          pinned={compare === shown}
          hasRibbon={hasRibbon}
        />
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
