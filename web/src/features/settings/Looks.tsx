import { REGIME_VALUES } from "../../synapse/generated";
import { useChangeSettings, useSettings } from "../../synapse/hooks";
import { RegimeWord } from "../../ui/Glyph";
import { Switch } from "../../ui/Switch";

const THEMES = { system: "System", dark: "Dark", light: "Light" } as const;
const COLOURS = { green_up: "Green is up", red_up: "Red is up" } as const;

/** Dark or light, and which way is green. */
export function Looks() {
  const { colours, theme } = useSettings();
  const change = useChangeSettings();
  return (
    <section className="settings-part">
      <h3>Looks</h3>
      <div className="setting">
        <span>Theme</span>
        <Switch
          label="Theme"
          options={THEMES}
          value={theme}
          onChange={(value) => change({ theme: value })}
        />
      </div>
      <div className="setting">
        <span>Colours</span>
        <Switch
          label="Colours"
          options={COLOURS}
          value={colours}
          onChange={(value) => change({ colours: value })}
        />
      </div>
      <p className="settings-preview">
        {REGIME_VALUES.map((regime) => (
          <RegimeWord key={regime} regime={regime} />
        ))}
      </p>
    </section>
  );
}
