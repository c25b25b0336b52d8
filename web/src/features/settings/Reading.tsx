import { useMemo } from "react";
import { useChangeSettings, useSettings } from "../../synapse/hooks";
import { ownLocale, useFormat } from "../../ui/useFormat";
import { type Choice, languages, otherZones, usualZones } from "./choices";

/** An afternoon that readers of this page look at: the S&P 500 at its close. */
const SAMPLE_TIME = "2008-10-10T20:00:00Z";
const SAMPLE_PRICE = "12345.67";

/** In which language numbers and times are written, and in which zone's time. */
export function Reading() {
  const { locale, timeZone } = useSettings();
  const change = useChangeSettings();
  const { exact, price, signedPercent } = useFormat();
  const known = useMemo(() => languages(), []);
  const usual = useMemo(() => usualZones(), []);
  const others = useMemo(() => otherZones(timeZone), [timeZone]);
  const own = `Your browser's (${ownLocale()})`;
  return (
    <section className="settings-part">
      <h3>Numbers and times</h3>
      <label className="setting">
        <span>Written as in</span>
        <select
          value={locale ?? ""}
          onChange={(event) => change({ locale: event.target.value || null })}
        >
          <option value="">{own}</option>
          <Options choices={known} />
          {locale && known.every(({ value }) => value !== locale) && <option>{locale}</option>}
        </select>
      </label>
      <label className="setting">
        <span>Time zone</span>
        <select value={timeZone} onChange={(event) => change({ timeZone: event.target.value })}>
          <Options choices={usual} />
          <optgroup label="All zones">
            <Options choices={others} />
          </optgroup>
        </select>
      </label>
      <p className="settings-preview">
        <span>{price(SAMPLE_PRICE)}</span>
        <span>{signedPercent(-0.0762)}</span>
        <span>{exact(SAMPLE_TIME)}</span>
      </p>
    </section>
  );
}

function Options({ choices }: { choices: readonly Choice[] }) {
  return choices.map(({ value, label }) => (
    <option key={value} value={value}>
      {label}
    </option>
  ));
}
