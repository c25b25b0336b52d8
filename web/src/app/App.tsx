import { useEffect, useMemo } from "react";
import { PriceAlerts } from "../features/alerts/PriceAlerts";
import { ChartPanel } from "../features/chart/ChartPanel";
import { ConnectionPill } from "../features/connection/ConnectionPill";
import { ContinuityPanel } from "../features/connection/ContinuityPanel";
import { FeedLine } from "../features/connection/FeedLine";
import { NoticeList } from "../features/notices/NoticeList";
import { PortfolioUpdates } from "../features/portfolio/PortfolioUpdates";
import { ShiftList } from "../features/shifts/ShiftList";
import { MarketStatusCard } from "../features/status/MarketStatusCard";
import { SymbolChips } from "../features/symbols/SymbolChips";
import { TradeExecutions } from "../features/trades/TradeExecutions";
import { useSynapse } from "../synapse/hooks";
import { stoppedFeed } from "../synapse/notices";
import { symbolView } from "../synapse/reducer";
import type { SynapseStore } from "../synapse/store";
import { type SymbolView, isSimulated } from "../synapse/view";
import { Announcer } from "./Announcer";
import { Foot, Masthead } from "./Frame";
import { useChosen } from "./useChosen";
import { useStale } from "./useStale";

/** The dashboard: composes the features, which do not know one another. */
export function App({ store }: { store: SynapseStore }) {
  useLife(store);
  const snapshot = useSynapse();
  const { connection, market } = snapshot;
  const symbols = useMemo(
    () => Object.values(market.symbols).toSorted(realFirst),
    [market.symbols],
  );
  const names = useMemo(() => symbols.map((one) => one.symbol), [symbols]);
  const [chosen, setChosen] = useChosen(names);
  const stopped = chosen ? stoppedFeed(market, chosen) : null;
  const stale = useStale(connection, snapshot.lastMessageAt);
  return (
    <div className="page">
      <Masthead>
        {stopped && <FeedLine feed={stopped} />}
        <ConnectionPill connection={connection} quiet={stopped !== null} />
      </Masthead>
      <SymbolChips symbols={symbols} chosen={chosen} onChoose={setChosen} />
      <main className="columns">
        <div className="column">
          <MarketStatusCard
            view={symbolView(market, chosen ?? "Market")}
            stale={stale}
          />
          <PortfolioUpdates />
        </div>
        <div className="column">
          {chosen && (
            <>
              <ChartPanel symbol={chosen} simulated={isSimulated(symbolView(market, chosen))} />
              <Announcer symbol={chosen} />
            </>
          )}
          <div className="pair">
            {chosen && <ShiftList symbol={chosen} />}
            <TradeExecutions />
          </div>
        </div>
        <div className="column">
          {chosen && <PriceAlerts symbol={chosen} />}
          <NoticeList symbol={chosen} />
          <ContinuityPanel snapshot={snapshot} />
        </div>
      </main>
      <Foot disclaimer={market.disclaimer} />
    </div>
  );
}

function realFirst(a: SymbolView, b: SymbolView): number {
  return Number(isSimulated(a)) - Number(isSimulated(b)) || a.symbol.localeCompare(b.symbol);
}

/** The store lives as long as the page; it looks up at once when the network or the person is back. */
function useLife(store: SynapseStore): void {
  useEffect(() => {
    const seen = (): void => {
      if (document.visibilityState === "visible") store.wake();
    };
    store.start();
    window.addEventListener("online", store.wake);
    document.addEventListener("visibilitychange", seen);
    return () => {
      window.removeEventListener("online", store.wake);
      document.removeEventListener("visibilitychange", seen);
      store.stop();
    };
  }, [store]);
}
