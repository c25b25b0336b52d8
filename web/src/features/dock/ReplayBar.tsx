import { useSelected } from "../../synapse/hooks";
import type { Machine } from "../../synapse/machine";
import { MomentLine } from "./MomentLine";
import { MomentTools } from "./MomentTools";
import { Tool } from "./Tool";
import type { DockActions } from "./actions";
import { speedKey } from "./speeds";

interface ReplayBarProps {
  readonly symbol: string | null;
  readonly machine: Machine;
  readonly actions: DockActions;
  readonly pinned: boolean;
}

/** The dock while the past is shown. */
export function ReplayBar({ symbol, machine, actions, pinned }: ReplayBarProps) {
  return (
    <div className="dock-bar" data-replay="true">
      <Transport machine={machine} actions={actions} />
      <MomentLine symbol={symbol} machine={machine} />
      <MomentTools actions={actions} pinned={pinned} />
      <button
        type="button"
        className="dock-back"
        title="Back to live (l)"
        aria-keyshortcuts="l"
        onClick={actions.backToLive}
      >
        Back to live
      </button>
    </div>
  );
}

function Transport({ machine, actions }: { machine: Machine; actions: DockActions }) {
  const { choices } = actions;
  const playing = machine.status === "playing";
  // A log that has grown goes on behind the end that it had.
  const over = useSelected(({ position }) => position <= machine.end);
  const busy = machine.status === "failed" || (machine.status === "finished" && over);
  return (
    <div className="dock-transport">
      <Tool
        icon="previousShift"
        label="Previous shift"
        shortcut="["
        onUse={actions.previousShift}
      />
      <Tool icon="stepBack" label="One event back" shortcut="," onUse={() => actions.step(-1)} />
      <Tool
        icon={playing ? "pause" : "play"}
        label={playing ? "Pause" : "Play"}
        shortcut="Space"
        disabled={busy}
        onUse={actions.playOrPause}
      />
      <Tool
        icon="stepForward"
        label="One event forward"
        shortcut="."
        onUse={() => actions.step(1)}
      />
      <Tool icon="nextShift" label="Next shift" shortcut="]" onUse={actions.nextShift} />
      <select
        className="dock-speed"
        aria-label="Speed, in time of the market"
        title="Speed, in time of the market (- slower, + faster)"
        value={speedKey(machine.speed)}
        onChange={({ target }) => {
          const chosen = choices.find(({ key }) => key === target.value);
          if (chosen) actions.setSpeed(chosen.speed);
        }}
      >
        {choices.map(({ key, words }) => (
          <option key={key} value={key}>
            {words}
          </option>
        ))}
      </select>
      <Tool
        icon="quiet"
        label="Skip quiet times"
        shortcut="q"
        pressed={machine.skipQuiet}
        onUse={actions.toggleQuiet}
      />
    </div>
  );
}
