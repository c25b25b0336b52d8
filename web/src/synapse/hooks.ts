/** Everything that components ask of Synapse. */
export type { BarFeed } from "./barFeed";
export * from "./contexts";
export * from "./laneHooks";
export type { Lane, LaneChoice, LaneSymbol } from "./lanes";
export * from "./machineHooks";
export type { Mark } from "./mark";
export * from "./marketHooks";
export type { Span } from "./span";
