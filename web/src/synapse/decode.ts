import {
  isServerControl,
  isServerControlType,
  isServerEvent,
  isServerEventType,
  type ServerControl,
  type ServerEvent,
} from "./generated";
import { isObject } from "./shape";

/** What a frame turned out to be. An unknown type is a newer server's business, not a fault. */
export type Decoded =
  | { kind: "event"; message: ServerEvent }
  | { kind: "control"; message: ServerControl }
  | { kind: "unknown"; type: string }
  | { kind: "invalid"; type: string };

/** Reads one frame; never throws. */
export function decode(frame: unknown): Decoded {
  const message = parseFrame(frame);
  const type = isObject(message) ? String(message.type) : "";
  if (isServerEvent(message)) return { kind: "event", message };
  if (isServerControl(message)) return { kind: "control", message };
  const known = !type || isServerEventType(type) || isServerControlType(type);
  return { kind: known ? "invalid" : "unknown", type };
}

/** The JSON of a frame; undefined where there is none. */
export function parseFrame(frame: unknown): unknown {
  try {
    return JSON.parse(String(frame));
  } catch {
    return undefined;
  }
}
