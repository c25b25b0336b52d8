import type { ReactNode } from "react";
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
