import { expect, it } from "vitest";
import { MessageFactory } from "../../src/synapse/messageFactory";

let count = 0;
const factory = new MessageFactory(
  () => new Date("2026-01-16T12:00:00Z"),
  () => {
    count += 1;
    return `m${count}`;
  },
);
const around = { direction: "c2s", timestamp: "2026-01-16T12:00:00.000Z" };

it("makes a subscribe", () => {
  const payload = { channels: ["regime"], history: { after: 7 }, epoch: "e" } as const;
  expect(factory.subscribe(payload)).toEqual({
    msg_id: "m1",
    type: "subscribe",
    payload,
    ...around,
  });
});

it("makes a ping, with an id of its own", () => {
  expect(factory.ping()).toEqual({ msg_id: "m2", type: "ping", payload: {}, ...around });
});
