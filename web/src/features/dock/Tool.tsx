import type { ReactNode } from "react";
import { keyName } from "../../ui/keys";
import { Icon, type IconName } from "./icons";

interface ToolProps {
  readonly icon: IconName;
  readonly label: string;
  /** The key that does the same. */
  readonly shortcut: string;
  readonly onUse: () => void;
  /** For what can be on or off. */
  readonly pressed?: boolean;
  readonly disabled?: boolean;
  /** Words beside the icon; without them the label is only read out. */
  readonly children?: ReactNode;
}

/** A button of the dock: an icon, its name, and its key in the tooltip. */
export function Tool({ icon, label, shortcut, onUse, pressed, disabled, children }: ToolProps) {
  const state = pressed === undefined ? {} : { "aria-pressed": pressed };
  return (
    <button
      type="button"
      className="dock-tool"
      title={`${label} (${keyName(shortcut)})`}
      aria-label={label}
      aria-keyshortcuts={shortcut}
      disabled={disabled}
      onClick={onUse}
      {...state}
    >
      <Icon name={icon} />
      {children}
    </button>
  );
}
