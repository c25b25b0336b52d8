import { useExplanation, useMachine } from "../../synapse/hooks";
import { type RegimeView, SOURCE_MANUAL, type SymbolView, isSimulated } from "../../synapse/view";
import { RegimeWord } from "../../ui/Glyph";
import { words } from "../../ui/format";
import { useFormat } from "../../ui/useFormat";
import { Drivers } from "./Drivers";
import { Flips } from "./Flips";
import { Persona } from "./Persona";
import { Probabilities } from "./Probabilities";
import { Reasons } from "./Reasons";
import "./status.css";

const NAMES: Readonly<Record<string, string>> = {
  SPX: "S&P 500",
  IXIC: "NASDAQ Composite",
};

interface MarketStatusCardProps {
  readonly view: SymbolView;
  /** How old what is shown is, such as `last known, 42 s ago`; null while it is live. */
  readonly stale: string | null;
}

/** What kind of market it is for one symbol, who says so, how sure, and why. */
export function MarketStatusCard({ view, stale }: MarketStatusCardProps) {
  const { regime } = view;
  return (
    <section
      className="panel status"
      data-vibe={regime?.persona.vibe ?? "none"}
      data-regime={regime?.regime}
      data-live={stale === null}
      aria-label={`Market status of ${view.symbol}`}
    >
      <StatusHead view={view} />
      <Persona view={regime} stale={stale} />
      {regime && <StatusBody symbol={view.symbol} view={regime} />}
    </section>
  );
}

function StatusHead({ view }: { view: SymbolView }) {
  const { exact, price } = useFormat();
  const { machine } = useMachine();
  const manual = view.regime?.source === SOURCE_MANUAL;
  return (
    <header className="status-head">
      <h2>{view.symbol}</h2>
      {NAMES[view.symbol] && <span className="status-name">{NAMES[view.symbol]}</span>}
      {view.price && <span className="status-price">{price(view.price.price)}</span>}
      <span className="tags">
        {machine && (
          <em className="tag">{machine.clock ? `as of ${exact(machine.clock)}` : "replay"}</em>
        )}
        {isSimulated(view) && <em className="tag">simulated</em>}
        {manual && <em className="tag">manual test broadcast</em>}
        {view.regime?.warmingUp && (
          <em className="tag" title="The detector has not seen enough bars yet.">
            warming up
          </em>
        )}
      </span>
    </header>
  );
}

function StatusBody({ symbol, view }: { symbol: string; view: RegimeView }) {
  const explanation = useExplanation(symbol);
  const { moment, percent } = useFormat();
  return (
    <>
      <p className="status-regime">
        <RegimeWord regime={view.regime} />
        <span className="status-confidence">{percent(view.confidence)} confident</span>
        {view.since && (
          <span className="status-since">
            since <time dateTime={view.since}>{moment(view.since)}</time>
          </span>
        )}
      </p>
      <Probabilities probabilities={view.probabilities} shown={view.regime} />
      <div className="status-strategy">
        <strong>{words(view.strategy)}</strong>
        <span>target exposure {percent(view.targetExposure)}</span>
        <small>Not investment advice</small>
      </div>
      <Flips explanation={explanation} />
      <Reasons features={view.features} />
      {explanation?.explained && <Drivers explanation={explanation} />}
      {view.detector && (
        <p className="status-detector">
          Detector {view.detector.name} {view.detector.version}
        </p>
      )}
    </>
  );
}
