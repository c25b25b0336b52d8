import { describe, expect, it } from "vitest";
import { isReplayControl, isServerControl, type ReplayStatePayload } from "../../src/synapse/generated";

const state: ReplayStatePayload = {
  request_msg_id: null,
  status: "playing",
  clock: "2026-01-16T12:00:00.000000Z",
  position: 3,
  begin: 0,
  end: 9,
  speed: 60,
};
const message = (payload: object, type = "replay_state"): object => ({
  msg_id: "x",
  timestamp: "2026-01-16T12:00:00.000000Z",
  direction: "s2c",
  type,
  payload,
});

describe("the guards of a replay", () => {
  it("accept every shape of speed, and no other", () => {
    for (const speed of [1, "max", { events_per_s: 0.5 }]) {
      expect(isReplayControl(message({ ...state, speed }))).toBe(true);
    }
    for (const speed of ["fast", null, {}]) {
      expect(isReplayControl(message({ ...state, speed }))).toBe(false);
    }
  });

  it("accept a snapshot with whatever state it holds, and tell it from other messages", () => {
    const payload = { request_msg_id: "a", position: 3, state_hash: "h", state: { symbols: {} } };
    expect(isReplayControl(message(payload, "replay_snapshot"))).toBe(true);
    expect(isServerControl(message(payload, "replay_snapshot"))).toBe(false);
  });
});
