import { useState } from "react";
import { usePriceAlerts } from "../../synapse/hooks";
import type { AlertView } from "../../synapse/view";
import { Empty, Panel } from "../../ui/Panel";
import { Switch } from "../../ui/Switch";
import { words } from "../../ui/format";
import { useFormat } from "../../ui/useFormat";
import "./alerts.css";

/** Price alerts, newest first: of the chosen symbol or of all. */
export function AlertList({ symbol }: { symbol: string }) {
  const [scope, setScope] = useState<"one" | "all">("one");
  const alerts = usePriceAlerts(scope === "one" ? symbol : undefined);
  const options = { one: symbol, all: "All" };
  return (
    <Panel
      title="Alerts"
      className="alerts"
      aside={<Switch label="Alerts of" options={options} value={scope} onChange={setScope} />}
    >
      {alerts.length === 0 ? (
        <Empty>No alert so far.</Empty>
      ) : (
        // A list that scrolls must be reachable by keyboard.
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <ol className="rows" tabIndex={0} aria-label="Alerts">
          {alerts.map((alert) => (
            <AlertRow key={alert.alert_id} alert={alert} />
          ))}
        </ol>
      )}
    </Panel>
  );
}

function AlertRow({ alert }: { alert: AlertView }) {
  const { moment, price } = useFormat();
  return (
    <li className="alert" data-severity={alert.severity} data-acknowledged={alert.acknowledged}>
      <span className="row-line">
        <strong>{alert.symbol}</strong>
        <span className="alert-severity">{alert.severity}</span>
        <time dateTime={alert.timestamp}>{moment(alert.timestamp)}</time>
      </span>
      <span>{alert.message || words(alert.kind)}</span>
      <span className="row-line quiet">
        <span>at {price(alert.price)}</span>
        {alert.acknowledged && <span className="end">acknowledged</span>}
      </span>
    </li>
  );
}
