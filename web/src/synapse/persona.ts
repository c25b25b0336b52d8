import { DEFAULT_PERSONA, PERSONAS, type Regime } from "./generated";
import type { PersonaLine } from "./view";

/** What the persona of that name (or the default one) makes of a regime. */
export function personaLine(name: string | null, regime: Regime): PersonaLine {
  const persona =
    Object.values(PERSONAS).find((one) => one.name === name) ?? PERSONAS[DEFAULT_PERSONA];
  return { name: persona.name, ...persona.lines[regime] };
}
