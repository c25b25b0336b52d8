/** What shows a lane, in one part that is loaded when the recorder has one. */
export { LaneBand } from "./LaneBand";
export { LaneBar } from "./LaneBar";
export { LaneTip } from "./LaneTip";
