import { useCallback, useState } from "react";
import { type LaneChoice, useChangeSettings, useLanes, useSettings } from "../synapse/hooks";

export interface ChosenLane {
  /** Null where the recorder has no lanes, or while that is not known. */
  readonly choice: LaneChoice | null;
  /** What the address says of it. */
  readonly addressed: string | null;
  /** Another address was opened. */
  readonly open: (linked: string | null) => void;
}

/** The lane that the address names, else the one that the reader chose last. */
export function useLaneChoice(linked: string | null): ChosenLane {
  const lanes = useLanes();
  const settings = useSettings();
  const change = useChangeSettings();
  const [asked, open] = useState(linked ?? settings.lane);
  const choose = useCallback(
    (name: string | null): void => {
      open(name);
      change({ lane: name });
    },
    [change],
  );
  const chosen = lanes?.find(({ name }) => name === asked)?.name ?? null;
  return {
    choice: lanes && lanes.length > 0 ? { lanes, chosen, choose } : null,
    addressed: lanes === null ? linked : chosen,
    open,
  };
}
