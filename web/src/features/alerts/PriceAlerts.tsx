import { useState } from "react";
import { useMachine, usePriceAlerts, useSession } from "../../synapse/hooks";
import { Empty, Panel } from "../../ui/Panel";
import { Switch } from "../../ui/Switch";
import { RestOfRows } from "../../ui/RestOfRows";
import { useRows } from "../../ui/useRows";
import { AlertRow } from "./AlertRow";
import "./alerts.css";

/** Price alerts, newest first: of the chosen symbol or of all. Those of a replay are ghosts of then. */
export function PriceAlerts({ symbol }: { symbol: string }) {
  const [scope, setScope] = useState<"one" | "all">("one");
  const alerts = usePriceAlerts(scope === "one" ? symbol : undefined);
  const { machine } = useMachine();
  const { canWrite, isSignedIn } = useSession();
  const { comes, left, rows, showAll } = useRows(alerts);
  const ghost = machine !== null;
  const options = { one: symbol, all: "All" };
  const waiting = alerts.some((alert) => !alert.acknowledged);
  return (
    <Panel
      title="Alerts"
      className="alerts"
      aside={<Switch label="Alerts of" options={options} value={scope} onChange={setScope} />}
    >
      {ghost && <p className="hint">As they were at this moment.</p>}
      {alerts.length === 0 ? (
        <Empty>No alert so far.</Empty>
      ) : (
        // A list that scrolls must be reachable by keyboard.
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <ol className="rows" tabIndex={0} aria-label="Alerts" data-ghost={ghost} {...comes}>
          {rows.map((alert) => (
            <AlertRow key={alert.alert_id} alert={alert} acknowledgeable={canWrite && !ghost} />
          ))}
          <RestOfRows left={left} onShow={showAll} />
        </ol>
      )}
      {waiting && !canWrite && !ghost && (
        <p className="hint">
          {isSignedIn
            ? "Your token does not acknowledge alerts: another one may, after a sign-out under Settings."
            : "This page only reads. To acknowledge alerts, open the link that the recorder prints when it starts, or sign in under Settings."}
        </p>
      )}
    </Panel>
  );
}
