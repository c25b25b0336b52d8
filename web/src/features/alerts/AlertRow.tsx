import { useLayoutEffect, useRef, useState } from "react";
import { useAcknowledge } from "../../synapse/hooks";
import type { AlertView } from "../../synapse/view";
import { Severity } from "../../ui/Severity";
import { words } from "../../ui/format";
import { useFormat } from "../../ui/useFormat";

interface AlertRowProps {
  readonly alert: AlertView;
  readonly acknowledgeable: boolean;
}

/** One alert: how grave, what happened, at which price; and who takes note of it. */
export function AlertRow({ alert, acknowledgeable }: AlertRowProps) {
  const { moment, price } = useFormat();
  // Kept here: the button may go with the very answer that tells what is wrong.
  const [problem, setProblem] = useState<string | null>(null);
  const said = alert.message || words(alert.kind);
  return (
    <li className="alert" data-severity={alert.severity} data-acknowledged={alert.acknowledged}>
      <span className="row-line">
        <strong>{alert.symbol}</strong>
        <Severity severity={alert.severity} />
        <time dateTime={alert.timestamp}>{moment(alert.timestamp)}</time>
      </span>
      <span>{said}</span>
      <span className="row-line quiet">
        <span>at {price(alert.price)}</span>
        {alert.acknowledged && <span className="end">✓ acknowledged</span>}
        {acknowledgeable && !alert.acknowledged && <Acknowledge id={alert.alert_id} said={said} onAnswer={setProblem} />}
      </span>
      {problem && <output className="alert-problem">{problem}</output>}
    </li>
  );
}

interface AcknowledgeProps {
  readonly id: string;
  readonly said: string;
  /** Told what is wrong, in words; null when it worked. */
  readonly onAnswer: (problem: string | null) => void;
}

function Acknowledge({ id, said, onAnswer }: AcknowledgeProps) {
  const acknowledge = useAcknowledge();
  const [waiting, setWaiting] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => {
    const one = button.current;
    return () => {
      if (one) handOn(one);
    };
  }, []);
  const run = async (): Promise<void> => {
    if (waiting) return;
    setWaiting(true);
    onAnswer(await acknowledge(id));
    setWaiting(false);
  };
  return (
    <button
      type="button"
      className="small-button end"
      ref={button}
      aria-disabled={waiting}
      aria-label={`Acknowledge: ${said}`}
      onClick={() => void run()}
    >
      Acknowledge
    </button>
  );
}

/** A button that goes while it has the focus gives it to its neighbour, else to the list. */
function handOn(button: HTMLButtonElement): void {
  if (document.activeElement !== button) return;
  const list = button.closest("ol");
  const all = [...(list?.querySelectorAll("button") ?? [])];
  const at = all.indexOf(button);
  (all[at + 1] ?? all[at - 1] ?? list)?.focus();
}
