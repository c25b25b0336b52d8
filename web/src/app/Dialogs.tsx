import { Suspense, lazy, useState } from "react";
import { Boundary } from "../ui/Boundary";
import { useKeys } from "../ui/keys";
import "./dialogs.css";

const SettingsDialog = lazy(() => import("../features/settings/SettingsDialog"));
const KeysDialog = lazy(() => import("../features/help/KeysDialog"));

/** The buttons of the two dialogs, which are loaded when they are first opened. */
export function Dialogs({ symbol }: { symbol: string | null }) {
  const [open, setOpen] = useState<"settings" | "keys" | null>(null);
  const close = (): void => setOpen(null);
  useKeys({
    "?": { label: "Keys", run: () => setOpen("keys") },
    s: { label: "Settings", run: () => setOpen("settings") },
  });
  return (
    <>
      <span className="dialog-buttons">
        <button
          type="button"
          aria-label="Keys"
          aria-keyshortcuts="?"
          title="Keys (?)"
          onClick={() => setOpen("keys")}
        >
          ?
        </button>
        <button
          type="button"
          aria-label="Settings"
          aria-keyshortcuts="s"
          title="Settings (s)"
          onClick={() => setOpen("settings")}
        >
          <Sliders />
        </button>
      </span>
      {open && (
        <Boundary key={open} fallback={<NotLoaded />}>
          <Suspense fallback={null}>
            {open === "settings" && <SettingsDialog symbol={symbol} onClose={close} />}
            {open === "keys" && <KeysDialog onClose={close} />}
          </Suspense>
        </Boundary>
      )}
    </>
  );
}

/** A page that is older than the recorder's files cannot load what it has not loaded yet. */
function NotLoaded() {
  return (
    <span role="alert" className="quiet">
      Not loaded. Reload the page.
    </span>
  );
}

function Sliders() {
  return (
    <svg viewBox="0 0 16 16" aria-hidden="true">
      <path
        d="M1 4.5h7M12 4.5h3M1 11.5h3M8 11.5h7"
        fill="none"
        stroke="currentcolor"
        strokeWidth="1.6"
      />
      <circle cx="10" cy="4.5" r="2" fill="none" stroke="currentcolor" strokeWidth="1.6" />
      <circle cx="6" cy="11.5" r="2" fill="none" stroke="currentcolor" strokeWidth="1.6" />
    </svg>
  );
}
