import type { PersonaLine } from "../../synapse/view";

interface PersonaProps {
  readonly line: PersonaLine | null;
  readonly stale: string | null;
}

/** What the persona says, big; greyed out with its age when it is not live. */
export function Persona({ line, stale }: PersonaProps) {
  return (
    <div className="persona">
      <p className="persona-message">{line?.message ?? "Waiting for the first regime"}</p>
      <p className="persona-by">
        {line && <span>{line.name}</span>}
        {stale && <em className="persona-stale">{stale}</em>}
      </p>
    </div>
  );
}
