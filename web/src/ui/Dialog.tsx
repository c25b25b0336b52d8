import { type ReactNode, useEffect, useId, useLayoutEffect, useRef } from "react";
import { createPortal } from "react-dom";
import "./dialog.css";

interface DialogProps {
  readonly title: string;
  readonly className?: string;
  /** Told when it was closed: by Esc, the button, or a click beside it. */
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/**
 * A modal dialog, open as long as it is rendered. The browser does the rest: it keeps the focus in,
 * closes at Esc, and gives the focus back to whoever had it. It stands outside of whoever opens it, so
 * that no style of theirs reaches in.
 */
export function Dialog({ title, className = "", onClose, children }: DialogProps) {
  const id = useId();
  const ref = useRef<HTMLDialogElement>(null);
  const told = useRef(onClose);
  useEffect(() => {
    told.current = onClose;
  });
  // Before the element goes: afterwards there is nothing left that could give the focus back.
  useLayoutEffect(() => open(ref.current, () => told.current()), []);
  return createPortal(
    <dialog ref={ref} className={`dialog ${className}`} aria-labelledby={id} closedby="any">
      <header className="dialog-head">
        <h2 id={id}>{title}</h2>
        <button
          type="button"
          className="dialog-close"
          aria-label="Close"
          onClick={() => ref.current?.close()}
        >
          <Cross />
        </button>
      </header>
      {children}
    </dialog>,
    document.body,
  );
}

function open(dialog: HTMLDialogElement | null, told: () => void): () => void {
  if (!dialog) return () => {};
  const before = document.activeElement;
  // The event comes late: by then a strict mode may have opened the dialog anew.
  const closed = (): void => {
    if (!dialog.open) told();
  };
  dialog.addEventListener("close", closed);
  dialog.showModal();
  return () => {
    dialog.removeEventListener("close", closed);
    dialog.close();
    if (before instanceof HTMLElement && before !== document.body) before.focus();
  };
}

/** A drawn ×. */
export function Cross() {
  return (
    <svg className="cross" viewBox="0 0 16 16" aria-hidden="true">
      <path d="m3 3 10 10M13 3 3 13" fill="none" stroke="currentcolor" strokeWidth="2" />
    </svg>
  );
}
