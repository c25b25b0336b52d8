import type {
  Channel,
  ReplaySnapshotPayload,
  ReplayStartPayload,
  ServerEvent,
} from "./generated";

export interface ReplayListener {
  /** Everything from here on follows this state. */
  onLanded(snapshot: ReplaySnapshotPayload): void;
  onEvent(event: ServerEvent): void;
  onChange(): void;
}

/**
 * All of some channels, up to `end` (null: its head as it is then). It begins at the beginning, since nothing before
 * a replay's start can be gone to; and since a start plays at once, so slowly that nothing is sent before it is
 * paused.
 */
export function startOf(
  channels: readonly Channel[],
  epoch: string | null,
  end: number | null,
): ReplayStartPayload {
  const before = end === null ? {} : { before: end + 1 };
  const cursor = epoch === null ? {} : { epoch };
  return { channels, ...before, ...cursor, speed: { events_per_s: 0.001 } };
}
