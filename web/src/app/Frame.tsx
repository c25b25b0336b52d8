import type { ReactNode } from "react";
import { Panel } from "../ui/Panel";
import { useFormat } from "../ui/useFormat";

/** The top of the page. */
export function Masthead({ children }: { children: ReactNode }) {
  return (
    <header className="masthead">
      <svg viewBox="0 0 32 32" aria-hidden="true">
        <path
          d="M2 18h6l3-10 5 17 4-12 2 5h8"
          fill="none"
          stroke="var(--good)"
          strokeWidth="2.6"
          strokeLinecap="round"
          strokeLinejoin="round"
        />
      </svg>
      <div>
        <h1>Synapse</h1>
        <p>The market&rsquo;s flight recorder</p>
      </div>
      <div className="masthead-end">{children}</div>
    </header>
  );
}

/** What stands in the place of the chart while the log has no symbol: how one comes. */
export function NoSymbol() {
  return (
    <Panel title="Nothing to show so far" className="first-steps">
      <p>
        The recorder runs, and its log has no price and no regime yet. What comes appears here by
        itself.
      </p>
      <dl>
        <dt>Twenty years at once</dt>
        <dd>
          <code>synapse demo</code>
        </dd>
        <dt>A feed: a file, an exchange, a simulated market</dt>
        <dd>
          <code>synapse serve --feed simulated:TEST</code>
        </dd>
        <dt>Prices of your own</dt>
        <dd>
          <code>POST /api/prices</code>
        </dd>
      </dl>
    </Panel>
  );
}

/** The foot of the page: what it is not, and whose chart it is. */
export function Foot({ disclaimer }: { disclaimer: string }) {
  const { timeZone } = useFormat();
  return (
    <footer className="foot">
      <span>
        {disclaimer} Times are {timeZone.replaceAll("_", " ")}.
      </span>
      <span>
        Charts by{" "}
        <a href="https://www.tradingview.com/" rel="noreferrer" target="_blank">
          TradingView Lightweight Charts™
        </a>
      </span>
    </footer>
  );
}
