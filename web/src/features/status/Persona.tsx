import { PERSONAS } from "../../synapse/generated";
import { useSettings } from "../../synapse/hooks";
import { personaLine } from "../../synapse/persona";
import type { PersonaLine, RegimeView } from "../../synapse/view";

interface PersonaProps {
  readonly view: RegimeView | null;
  readonly stale: string | null;
}

/** What the persona says, big; greyed out with its age when it is not live. */
export function Persona({ view, stale }: PersonaProps) {
  const line = useLine(view);
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

/** The line of the persona that the reader chose, else of the recorder's own. */
function useLine(view: RegimeView | null): PersonaLine | null {
  const { persona } = useSettings();
  if (!view || persona === null) return view?.persona ?? null;
  const name = PERSONAS[persona as keyof typeof PERSONAS].name;
  return personaLine(name, view.regime);
}
