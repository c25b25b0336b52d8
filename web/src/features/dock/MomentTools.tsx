import { Tool } from "./Tool";
import type { DockActions } from "./actions";

/** What can be done with the shown moment: go to another, pin it, copy a link to it. */
export function MomentTools({ actions, pinned }: { actions: DockActions; pinned: boolean }) {
  return (
    <div className="dock-tools">
      <Tool icon="date" label="Go to a date" shortcut="g" onUse={actions.onAskDate} />
      <Tool
        icon="pin"
        label="Pin this moment to compare"
        shortcut="p"
        pressed={pinned}
        onUse={actions.onPin}
      />
      <Tool icon="copy" label="Copy link" shortcut="c" onUse={actions.onCopyLink} />
    </div>
  );
}
