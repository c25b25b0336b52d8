import { describe, expect, it } from "vitest";
import { decode } from "../../src/synapse/decode";
import {
  isServerControl,
  isServerEvent,
  type ServerControlType,
  type ServerEventType,
} from "../../src/synapse/generated";
import { assertNever } from "../../src/synapse/shape";
import { CONTROLS, EVENTS, control, event } from "../samples";

const EVENT_TYPES = Object.keys(EVENTS) as ServerEventType[];
const CONTROL_TYPES = Object.keys(CONTROLS) as ServerControlType[];

describe("the generated guards", () => {
  it.each(EVENT_TYPES)("accept a valid %s", (type) => {
    expect(isServerEvent(event(type))).toBe(true);
    expect(isServerControl(event(type))).toBe(false);
  });

  it.each(CONTROL_TYPES)("accept a valid %s", (type) => {
    expect(isServerControl(control(type))).toBe(true);
    expect(isServerEvent(control(type))).toBe(false);
  });

  it.each(EVENT_TYPES)("refuse a %s without any one of its fields", (type) => {
    for (const name of Object.keys(EVENTS[type])) {
      const payload = { ...EVENTS[type], [name]: undefined };
      expect(isServerEvent({ ...event(type), payload }), name).toBe(false);
    }
    for (const name of ["msg_id", "position", "stream", "version", "occurred_at", "source"]) {
      expect(isServerEvent({ ...event(type), [name]: undefined }), name).toBe(false);
    }
  });

  it("ignore fields that they do not know", () => {
    const grown = event("price_alert");
    expect(isServerEvent({ ...grown, new: 1, payload: { ...grown.payload, new: 2 } })).toBe(true);
  });

  it.each([
    ["a regime that there is not", "regime_update", { regime: "MOON" }],
    ["a probability above 1", "regime_update", { confidence: 1.01 }],
    ["a probability that is text", "regime_update", { probabilities: { BULL: "1" } }],
    ["a feature that is not finite", "regime_update", { features: { trend: null } }],
    ["a detector without a version", "regime_update", { detector: { name: "x" } }],
    ["a price that is a number", "price_update", { price: 12.5 }],
    ["a price with an exponent", "price_update", { price: "1e5" }],
    ["a bar length that is half a second", "price_update", { bar_s: 0.5 }],
    ["a time that is none", "price_update", { timestamp: "yesterday" }],
    ["a position that is no position", "portfolio_update", { positions: [{}] }],
    ["a list that is an object", "portfolio_update", { positions: {} }],
    ["a map that is a list", "system_notice", { details: [] }],
    ["null where null is not meant", "price_alert", { price: null }],
  ] as const)("refuse %s", (_, type, wrong) => {
    const sound = event(type);
    expect(isServerEvent({ ...sound, payload: { ...sound.payload, ...wrong } })).toBe(false);
  });

  it("refuse a position beyond what a number can hold exactly", () => {
    expect(isServerEvent({ ...event("price_alert"), position: 2 ** 53 })).toBe(false);
  });
});

const kindOf = (value: unknown): string => decode(JSON.stringify(value)).kind;

describe("decode", () => {
  it("tells events, control messages, the unknown and the unsound apart", () => {
    expect(kindOf(event("price_update"))).toBe("event");
    expect(kindOf(control("heartbeat"))).toBe("control");
    expect(kindOf({ ...control("heartbeat"), type: "tomorrow" })).toBe("unknown");
    expect(kindOf({ ...control("heartbeat"), payload: {} })).toBe("invalid");
    expect(kindOf({ ...event("price_update"), direction: "c2s" })).toBe("invalid");
    expect(kindOf({ type: "toString", payload: {} })).toBe("unknown");
    expect(kindOf([])).toBe("invalid");
    expect(kindOf(null)).toBe("invalid");
  });

  it("never throws", () => {
    expect(decode("{").kind).toBe("invalid");
    expect(decode(undefined).kind).toBe("invalid");
    expect(decode(new ArrayBuffer(3)).kind).toBe("invalid");
  });
});

it("assertNever says what was not handled", () => {
  expect(() => assertNever({ type: "new" } as never)).toThrow('not handled: {"type":"new"}');
});
