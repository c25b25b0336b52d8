import { type LaneChoice, type LaneSymbol, type Span, useMachine } from "../../synapse/hooks";
import { RegimeWord } from "../../ui/Glyph";
import { useKeys } from "../../ui/keys";
import { useFormat } from "../../ui/useFormat";
import { LaneTip } from "./LaneTip";
import { type Difference, agreement, besides, common } from "./difference";
import { stretchAt } from "./timeline";
import { type Beside, type LaneLine, useLaneLine } from "./useLaneLine";

interface Shown {
  /** The id of what is said of the shown moment. */
  readonly readout: string;
  /** The shown moment; null before the first regime. */
  readonly at: number | null;
  readonly live: boolean;
  /** What of the line the chart shows. */
  readonly view: Span;
}

interface LaneBarProps extends Shown {
  readonly choice: LaneChoice;
  /** Null while no lane is chosen. */
  readonly beside: Beside | null;
}

/** Chooses the lane, and says what it is and what it says of the shown moment. */
export function LaneBar({ choice, beside, ...shown }: LaneBarProps) {
  return (
    <div className="lane-bar">
      <label>
        Second lane{" "}
        <select
          value={choice.chosen ?? ""}
          onChange={({ currentTarget }) => choice.choose(currentTarget.value || null)}
        >
          <option value="">none</option>
          {choice.lanes.map(({ name }) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {beside && <LaneWords {...beside} {...shown} />}
    </div>
  );
}

function LaneWords({ readout, at, live, view, ...beside }: Beside & Shown) {
  const line = useLaneLine(beside);
  useDifferenceKeys(beside.symbol, line.found, live || at === null ? Number.NEGATIVE_INFINITY : at);
  return (
    <>
      <WhatIf told={line.told} />
      <p className="lane-readout" id={readout}>
        {line.words ?? (at !== null && <Readout beside={beside} at={at} />)}
      </p>
      <Agreement line={line} beside={beside} view={view} />
      <small className="lane-advice">Not investment advice.</small>
    </>
  );
}

/** What was recorded of the shown moment, and what the lane says of it. */
function Readout({ beside, at }: { beside: Beside; at: number }) {
  const recorded = stretchAt(beside.timeline, at);
  return (
    <>
      {recorded && (
        <>
          recorded: <RegimeWord regime={recorded.regime} />;{" "}
        </>
      )}
      <LaneTip {...beside} at={at} />
    </>
  );
}

interface AgreementProps {
  readonly line: LaneLine;
  readonly beside: Beside;
  readonly view: Span;
}

/** How much the two agree in what the chart shows, and how often they part in all. */
function Agreement({ line: { found, line }, beside, view }: AgreementProps) {
  const { count, percent } = useFormat();
  const both = line && common(line, beside.timeline);
  if (!line || !both) return null;
  const seen = common(both, view);
  const times = found.filter(({ from }, index) => found[index - 1]?.to !== from).length;
  return (
    <p className="lane-agreement" title={`Over all: agree ${percent(agreement(found, both))}`}>
      {seen ? (
        <>
          agree {percent(agreement(found, seen))}
          <span className="lane-long"> of the time</span> in view
        </>
      ) : (
        "not in view"
      )}
      , differ {count(times)} {times === 1 ? "time" : "times"}
    </p>
  );
}

/** What a lane is: regimes that somebody's detector would have made, and that nobody was told. */
function WhatIf({ told }: { told: LaneSymbol | null }) {
  const stamp = told?.detector;
  const { constants_hash: constants, name, version } = stamp ?? {};
  const title = stamp ? `Detector ${name}, version ${version}, constants ${constants}` : undefined;
  return (
    <p className="lane-what" title={title}>
      <strong>What-if{stamp && ` by detector ${name} v${version}`}, never recorded</strong>
    </p>
  );
}

/** `d` goes to where they differ next, `D` to where they did before. */
function useDifferenceKeys(symbol: string, found: readonly Difference[], at: number): void {
  const { controls } = useMachine();
  const go = (way: "next" | "previous") => (): void => {
    const to = besides(found, at, way);
    if (to) controls.goTo({ time: new Date(to.from * 1000).toISOString(), symbol });
  };
  useKeys(
    {
      d: { label: "Next moment where the lanes differ", run: go("next") },
      D: { label: "Previous one", run: go("previous") },
    },
    "Second lane",
  );
}
