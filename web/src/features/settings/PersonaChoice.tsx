import { PERSONAS, type Regime } from "../../synapse/generated";
import { useChangeSettings, useSelected, useSettings } from "../../synapse/hooks";
import { personaLine } from "../../synapse/persona";

/** Who says what kind of market it is, each with what it says now. */
export function PersonaChoice({ symbol }: { symbol: string | null }) {
  const { persona } = useSettings();
  const change = useChangeSettings();
  const regime = useSelected(({ market }) => regimeOf(market.symbols, symbol));
  const recorders = useSelected(({ market }) => market.personaName);
  const own = personaLine(recorders, regime);
  const choices = [
    { key: null, name: `The recorder's own (${own.name})`, line: own.message },
    ...Object.entries(PERSONAS).map(([key, { name, lines }]) => ({
      key,
      name,
      line: lines[regime].message,
    })),
  ];
  return (
    <fieldset className="settings-part settings-personas">
      <legend>Persona</legend>
      {choices.map(({ key, name, line }) => (
        <label key={key} className="settings-persona">
          <input
            type="radio"
            name="persona"
            checked={persona === key}
            onChange={() => change({ persona: key })}
          />
          <span>{name}</span>
          <q data-regime={regime}>{line}</q>
        </label>
      ))}
    </fieldset>
  );
}

type Regimes = Readonly<Record<string, { readonly regime: { readonly regime: Regime } | null }>>;

function regimeOf(symbols: Regimes, symbol: string | null): Regime {
  return (symbol && symbols[symbol]?.regime?.regime) || "BULL";
}
