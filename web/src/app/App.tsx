import { useEffect, useMemo, useState } from "react";
import { PriceAlerts } from "../features/alerts/PriceAlerts";
import { ChartPanel } from "../features/chart/ChartPanel";
import { ConnectionPill } from "../features/connection/ConnectionPill";
import { ContinuityPanel } from "../features/connection/ContinuityPanel";
import { FeedLine } from "../features/connection/FeedLine";
import { Dock } from "../features/dock/Dock";
import { LinkNotice } from "../features/dock/LinkNotice";
import { ReplayBadge } from "../features/dock/ReplayBadge";
import { ReplayFrame } from "../features/dock/ReplayFrame";
import { NoticeList } from "../features/notices/NoticeList";
import { PortfolioUpdates } from "../features/portfolio/PortfolioUpdates";
import { MoodRibbon } from "../features/ribbon/MoodRibbon";
import { ShiftList } from "../features/shifts/ShiftList";
import { MarketStatusCard } from "../features/status/MarketStatusCard";
import { SymbolChips } from "../features/symbols/SymbolChips";
import { TradeExecutions } from "../features/trades/TradeExecutions";
import { useSynapse } from "../synapse/hooks";
import { stoppedFeed } from "../synapse/notices";
import { symbolView } from "../synapse/reducer";
import type { Snapshot, SynapseStore } from "../synapse/store";
import { type SymbolView, isSimulated } from "../synapse/view";
import { useKeys } from "../ui/keys";
import { Viewport } from "../ui/viewport";
import { Announcer } from "./Announcer";
import { Compare } from "./Compare";
import { Dialogs } from "./Dialogs";
import { Foot, Masthead, NoSymbol } from "./Frame";
import { Heralds } from "./Heralds";
import { type AddressBar, useAddress } from "./useAddress";
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
        <main className="waiting">Reading the log.</main>
      )}
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
      <Notices address={address} problem={snapshot.problem} />
      <Heralds />
    </div>
  );
}

/** What there is to say of links, and what is wrong with the page, until somebody has read it. */
function Notices({ address, problem }: { address: AddressBar; problem: string | null }) {
  const [read, setRead] = useState<string | null>(null);
  const { closeNotice, link, notice } = address;
  const wrong = problem !== null && problem !== read ? { text: problem, warning: true } : null;
  const close = (): void => {
    if (notice === null) setRead(problem);
    closeNotice();
  };
  return <LinkNotice notice={notice ?? wrong} link={link} onClose={close} />;
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
      <div className="column">
        <MarketStatusCard view={view} stale={machine ? null : stale} />
        <PortfolioUpdates />
      </div>
      <div className="column">
        {symbol === null && connection.name === "live" && <NoSymbol />}
        {symbol && (
          <>
            <ChartPanel
              key={symbol}
              symbol={symbol}
              simulated={isSimulated(view)}
              viewport={viewport}
            />
            <Announcer symbol={symbol} />
            <Compare symbol={symbol} address={address} machine={machine} />
          </>
        )}
        <div className="pair">
          {symbol && <ShiftList symbol={symbol} />}
          {symbol && <TradeExecutions symbol={symbol} />}
        </div>
      </div>
      <div className="column">
        {symbol && <PriceAlerts symbol={symbol} />}
        <NoticeList symbol={symbol} />
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

/** The whole page is told when it shows the past, so that every card can look like it. */
function useMode(replay: boolean): void {
  useEffect(() => {
    document.documentElement.dataset.mode = replay ? "replay" : "live";
  }, [replay]);
}

/** The store lives as long as the page; it looks up at once when the network or the person is back. */
function useLife(store: SynapseStore): void {
  useEffect(() => {
    const seen = (): void => {
      if (document.visibilityState === "visible") store.wake();
    };
    store.start();
    window.addEventListener("online", store.wake);
    window.addEventListener("offline", store.doubt);
    document.addEventListener("visibilitychange", seen);
    return () => {
      window.removeEventListener("online", store.wake);
      window.removeEventListener("offline", store.doubt);
      document.removeEventListener("visibilitychange", seen);
      store.stop();
    };
  }, [store]);
}
