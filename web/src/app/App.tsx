import { useMemo, useState } from "react";
import { PriceAlerts } from "../features/alerts/PriceAlerts";
import { ChartPanel } from "../features/chart/ChartPanel";
import { ConnectionPill } from "../features/connection/ConnectionPill";
import { ContinuityPanel } from "../features/connection/ContinuityPanel";
import { FeedLine } from "../features/connection/FeedLine";
import { Dock } from "../features/dock/Dock";
import { ReplayBadge } from "../features/dock/ReplayBadge";
import { ReplayFrame } from "../features/dock/ReplayFrame";
import { NoticeList } from "../features/notices/NoticeList";
import { PortfolioUpdates } from "../features/portfolio/PortfolioUpdates";
import { MoodRibbon } from "../features/ribbon/MoodRibbon";
import { ShiftList } from "../features/shifts/ShiftList";
import { MarketStatusCard } from "../features/status/MarketStatusCard";
import { SymbolChips } from "../features/symbols/SymbolChips";
import { TradeExecutions } from "../features/trades/TradeExecutions";
import { PRICED, useSynapse } from "../synapse/hooks";
import { stoppedFeed } from "../synapse/notices";
import { CHANNEL_VALUES } from "../synapse/generated";
import { symbolView } from "../synapse/reducer";
import type { Snapshot, SynapseStore } from "../synapse/store";
import { type SymbolView, isSimulated } from "../synapse/view";
import { useKeys } from "../ui/keys";
import { Viewport } from "../ui/viewport";
import { Announcer } from "./Announcer";
import { Compare } from "./Compare";
import { Dialogs } from "./Dialogs";
import { Foot, Masthead, NoSymbol } from "./Frame";
import { Covered } from "./Covered";
import { Heralds } from "./Heralds";
import { Notices } from "./Notices";
import { SignInPlace } from "./SignInPlace";
import { type AddressBar, useAddress } from "./useAddress";
import { useLife, useMode } from "./useLife";
import { useStale } from "./useStale";

/** The dashboard: composes the features, which do not know one another. */
export function App({ store }: { store: SynapseStore }) {
  useLife(store);
  const snapshot = useSynapse();
  const { connection, live, machine, market } = snapshot;
  const symbols = useSymbols(snapshot);
  const names = useMemo(() => symbols.map((one) => one.symbol), [symbols]);
  const address = useAddress(names);
  const [viewport] = useState(() => new Viewport());
  const [foot, setFoot] = useState<Element | null>(null);
  const { symbol } = address;
  useSymbolKeys(names, address.choose);
  useMode(machine !== null);
  const ready = useReady(snapshot);
  const isOut = connection.name === "signed_out";
  const stopped = symbol ? stoppedFeed(live, symbol) : null;
  return (
    <div className="page">
      <ReplayFrame />
      <Masthead>
        <ReplayBadge />
        {stopped && <FeedLine feed={stopped} />}
        <ConnectionPill connection={connection} quiet={stopped !== null} />
        <Dialogs symbol={symbol} />
      </Masthead>
      {ready ? (
        <>
          <SymbolChips symbols={symbols} chosen={symbol} onChoose={address.choose} />
          <Columns address={address} snapshot={snapshot} viewport={viewport} />
          <Foot disclaimer={market.disclaimer} />
        </>
      ) : (
        <main className="waiting">
          {isOut ? <SignInPlace /> : "Reading the log."}
        </main>
      )}
      {/* Where nothing was read and nothing may be, there is no time to travel in. */}
      {(ready || !isOut) && (
        <Dock
          symbol={symbol}
          ribbon={
            symbol && (
              <MoodRibbon symbol={symbol} viewport={viewport} lanes={address.lanes} foot={foot} />
            )
          }
          onFoot={setFoot}
          compare={address.compare}
          onPin={address.pin}
          onCopyLink={address.copyLink}
        />
      )}
      <Notices address={address} snapshot={snapshot} />
      <Heralds />
    </div>
  );
}

interface ColumnsProps {
  readonly address: AddressBar;
  readonly snapshot: Snapshot;
  readonly viewport: Viewport;
}

function Columns({ address, snapshot, viewport }: ColumnsProps) {
  const { symbol } = address;
  const { connection, lastMessageAt, machine, market } = snapshot;
  const stale = useStale(connection, lastMessageAt);
  const view = symbolView(market, symbol ?? "Market");
  return (
    <main className="columns">
      {connection.name === "signed_out" && <SignInPlace />}
      <div className="column">
        <Covered title="Market status" needs={["regime"]}>
          <MarketStatusCard view={view} stale={machine ? null : stale} />
        </Covered>
        <Covered title="Portfolio" needs={["portfolio"]}>
          <PortfolioUpdates />
        </Covered>
      </div>
      <div className="column">
        {symbol === null && connection.name === "live" && <NoSymbol />}
        {symbol && (
          <>
            <Covered title="Chart" needs={PRICED}>
              <ChartPanel
                key={symbol}
                symbol={symbol}
                simulated={isSimulated(view)}
                viewport={viewport}
              />
            </Covered>
            <Announcer symbol={symbol} />
            {address.compare !== null && (
              <Covered title="Comparison" needs={CHANNEL_VALUES}>
                <Compare symbol={symbol} address={address} machine={machine} />
              </Covered>
            )}
          </>
        )}
        <div className="pair">
          {symbol && (
            <Covered title="Shifts" needs={PRICED}>
              <ShiftList symbol={symbol} />
            </Covered>
          )}
          {symbol && (
            <Covered title="Trades" needs={["trades"]}>
              <TradeExecutions symbol={symbol} />
            </Covered>
          )}
        </div>
      </div>
      <div className="column">
        {symbol && (
          <Covered title="Alerts" needs={["price_alerts"]}>
            <PriceAlerts symbol={symbol} />
          </Covered>
        )}
        <Covered title="Notices" needs={["system"]}>
          <NoticeList symbol={symbol} />
        </Covered>
        <ContinuityPanel snapshot={snapshot} />
      </div>
    </main>
  );
}

/** All symbols that anything is known of now, as they are at the shown moment; made-up ones last. */
function useSymbols({ live, market }: Snapshot): readonly SymbolView[] {
  const { alerts, symbols, trades } = live;
  return useMemo(() => {
    const told = [...alerts, ...trades].map(({ symbol }) => symbol);
    const all = [...new Set([...Object.keys(symbols), ...told])];
    const now = (name: string): SymbolView => symbols[name] ?? symbolView(market, name);
    const sorted = all.map(now).toSorted(realFirst);
    return sorted.map(({ symbol }) => symbolView(market, symbol));
  }, [alerts, symbols, trades, market]);
}

function realFirst(a: SymbolView, b: SymbolView): number {
  return Number(isSimulated(a)) - Number(isSimulated(b)) || a.symbol.localeCompare(b.symbol);
}

/**
 * Whether there is something to show: the state, or else the history that the socket brings. Nothing is
 * shown before, so that nothing on the page moves when everything comes at once.
 */
function useReady({ connection, loaded }: Snapshot): boolean {
  const [was, setWas] = useState(false);
  const is = was || loaded || connection.name === "live";
  if (is !== was) setWas(is);
  return is;
}

/** The digits choose a symbol. */
function useSymbolKeys(names: readonly string[], choose: (symbol: string) => void): void {
  const keys = names.slice(0, 9).map((name, index) => {
    return [String(index + 1), { label: `Show ${name}`, run: () => choose(name) }] as const;
  });
  useKeys(Object.fromEntries(keys), "Symbols");
}
