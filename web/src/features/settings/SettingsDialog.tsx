import { useChangeSettings } from "../../synapse/hooks";
import { DEFAULT_SETTINGS } from "../../synapse/settings";
import { Dialog } from "../../ui/Dialog";
import "../../ui/button.css";
import { Attention } from "./Attention";
import { Looks } from "./Looks";
import { PersonaChoice } from "./PersonaChoice";
import { Reading } from "./Reading";
import { SignIn } from "./SignIn";
import "./settings.css";

interface SettingsDialogProps {
  /** Whose regime the personas' lines are shown for. */
  readonly symbol: string | null;
  readonly onClose: () => void;
}

/** What a reader may choose. It holds at once, in every tab of this browser, and is sent nowhere. */
export default function SettingsDialog({ symbol, onClose }: SettingsDialogProps) {
  const change = useChangeSettings();
  return (
    <Dialog title="Settings" className="settings" onClose={onClose}>
      <Looks />
      <Reading />
      <PersonaChoice symbol={symbol} />
      <Attention />
      <SignIn />
      <footer className="settings-foot">
        <span className="quiet">Kept in this browser only.</span>
        <button type="button" className="button" onClick={() => change(DEFAULT_SETTINGS)}>
          Back to the defaults
        </button>
      </footer>
    </Dialog>
  );
}
