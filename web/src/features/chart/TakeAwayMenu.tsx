import { type MouseEvent, useId, useState } from "react";
import { type Span, useMachine } from "../../synapse/hooks";
import { type EventFormat, FORMATS, eventsPath, refusal } from "./events";
import { download } from "./save";

export interface TakeAwayProps {
  readonly symbol: string;
  readonly span: Span | null;
  readonly onPng: () => void;
  /** Something was taken. */
  readonly onTaken: () => void;
}

/** The chart as a picture, and the events behind what is on the screen as files. */
export default function TakeAwayMenu({ symbol, span, onPng, onTaken }: TakeAwayProps) {
  const { machine } = useMachine();
  const [problem, setProblem] = useState<string | null>(null);
  const id = useId();
  const take = async (event: MouseEvent<HTMLAnchorElement>, path: string): Promise<void> => {
    event.preventDefault();
    setProblem(null);
    const refused = await refusal(path);
    if (refused !== null) return setProblem(refused);
    download(path);
    onTaken();
  };
  const takePng = (): void => {
    onPng();
    onTaken();
  };
  return (
    <>
      <button type="button" className="button" onClick={takePng}>
        Save as PNG
      </button>
      <p id={id} className="quiet">
        The events behind what is on the screen
      </p>
      <p className="take-away-files">
        {(Object.keys(FORMATS) as EventFormat[]).map((format) => {
          const path = eventsPath(format, symbol, span, machine?.position ?? null);
          return (
            <a
              key={format}
              className="button"
              href={path}
              download
              aria-describedby={id}
              onClick={(event) => void take(event, path)}
            >
              {FORMATS[format]}
            </a>
          );
        })}
      </p>
      <output className="take-away-problem">{problem}</output>
    </>
  );
}
