import { type LaneChoice, type LaneSymbol, type Span, useMachine } from "../../synapse/hooks";
import { RegimeWord } from "../../ui/Glyph";
import { Switch } from "../../ui/Switch";
import { useKeys } from "../../ui/keys";
import { useFormat } from "../../ui/useFormat";
import { Legend } from "./Legend";
import { LaneTip } from "./LaneTip";
import { type Difference, agreement, besides, partings } from "./difference";
import { common, iso, stretchAt } from "./timeline";
import { type Beside, type LaneLine, useLaneLine } from "./useLaneLine";

interface Shown {
  /** The id of what is said of the shown moment. */
  readonly readout: string;
  /** The shown moment; null before the first regime. */
  readonly at: number | null;
  readonly live: boolean;
  /** What of the line the chart shows. */
  readonly view: Span;
  /** Whether the bands show no more than what is around the chart's range. */
  readonly zoomed: boolean;
  readonly onZoom: (zoomed: boolean) => void;
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
        <span className="lane-long">Second lane </span>
        <select
          aria-label="Second lane"
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

const BANDS = { all: "Whole history", chart: "Chart’s range" } as const;

function LaneWords({ readout, at, live, view, zoomed, onZoom, ...beside }: Beside & Shown) {
  const line = useLaneLine(beside);
  useZoomKey(() => onZoom(!zoomed));
  useDifferenceKeys(beside.symbol, line.found, live || at === null ? Number.NEGATIVE_INFINITY : at);
  return (
    <>
      <Switch
        label="What the bands show"
        options={BANDS}
        value={zoomed ? "chart" : "all"}
        onChange={(chosen) => onZoom(chosen === "chart")}
      />
      <WhatIf told={line.told} />
      <p className="lane-readout" id={readout}>
        {line.words ?? (at !== null && <Readout beside={beside} at={at} />)}
      </p>
      <Agreement line={line} beside={beside} view={view} />
      <Legend />
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
  const { count, percent, year } = useFormat();
  const both = line && common(line, beside.timeline);
  if (!line || !both) return null;
  const seen = common(both, view);
  const words = (span: Span): string => {
    const times = partings(found, span);
    return `agree ${percent(agreement(found, span))}, differ ${count(times)} ${times === 1 ? "time" : "times"}`;
  };
  const inView = seen && words(seen);
  const [first, last] = [year(iso(both.from)), year(iso(both.to))];
  const all = first === last ? `since ${beside.write(both.from)}` : `${first} to ${last}`;
  return (
    <p className="lane-agreement">
      {inView !== words(both) && (inView ? `in view: ${inView}; ` : "not in view; ")}
      {all}: {words(both)}
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
      <strong>
        What-if{stamp && <span className="lane-long">{` by detector ${name} v${version}`}</span>},
        never recorded.
      </strong>{" "}
      <small className="lane-advice">Not investment advice.</small>
    </p>
  );
}

function useZoomKey(run: () => void): void {
  useKeys({ z: { label: "The bands: the chart’s range, or the whole history", run } }, "Second lane");
}

/** `d` goes to where they differ next, `D` to where they did before. */
function useDifferenceKeys(symbol: string, found: readonly Difference[], at: number): void {
  const { controls } = useMachine();
  const go = (way: "next" | "previous") => (): void => {
    const to = besides(found, at, way);
    if (to) controls.goTo({ time: iso(to.from), symbol });
  };
  useKeys(
    {
      d: { label: "Next moment where the lanes differ", run: go("next") },
      D: { label: "Previous one", run: go("previous") },
    },
    "Second lane",
  );
}
