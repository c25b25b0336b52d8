import { beforeEach, describe, expect, it } from "vitest";
import { type Api, Refusal } from "../../src/synapse/api";
import { followLaunchLinks, takeLaunchCode } from "../../src/synapse/launch";
import { CHANNEL_VALUES } from "../../src/synapse/generated";
import { READ_ONLY, canAcknowledge, parseSession, type Session } from "../../src/synapse/session";
import { SessionBook } from "../../src/synapse/sessionBook";
import { fakeApi } from "../fakeApi";
import { recorder } from "./fakeRecorder";

const WRITE = { scopes: ["read", "write"], expires_at: "2026-01-01T00:00:00Z" };
const WRONG = new Refusal("api/session", 401, "that is not the write token");

let book: SessionBook;
let session: unknown;
let written: unknown[];
let told: Session[];
let write: () => Promise<unknown>;

beforeEach(() => {
  session = READ_ONLY;
  written = [];
  write = async () => WRITE;
  const more: Partial<Api> = {
    write: async (...call) => {
      written.push(call);
      return write();
    },
  };
  const { api } = recorder({ "api/session": () => session }, more);
  told = [];
  book = new SessionBook({ api, onSession: (one) => told.push(one) });
});

describe("the session", () => {
  it("is what the recorder says, and as it was where that cannot be told now", async () => {
    await book.refresh();
    expect(book.canWrite).toBe(false);
    session = WRITE;
    await book.refresh();
    expect(book.canWrite).toBe(true);
    session = undefined;
    await book.refresh();
    expect(book.canWrite).toBe(true);
    expect(told.map(({ scopes }) => scopes.join())).toEqual(["read", "read,write", "read,write"]);
  });

  it("lets everybody read at a recorder that knows no sessions", async () => {
    session = undefined;
    await book.refresh();
    expect(book.current).toEqual(READ_ONLY);
  });

  it("covers every channel where an older recorder names none, and none that it does not know", () => {
    const said = { scopes: ["read", "write"], expires_at: null };
    expect(parseSession(said)?.channels).toEqual(CHANNEL_VALUES);
    const few = parseSession({ ...said, channels: ["prices", "dreams", "regime"] })!;
    expect(few.channels).toEqual(["regime", "prices"]);
    expect([canAcknowledge(few), canAcknowledge(parseSession(said)!)]).toEqual([false, true]);
    expect(parseSession({ ...said, channels: "all" })).toBeNull();
  });

  it("says so of a token that is right, and not for reading", async () => {
    write = async () => ({ ...WRITE, scopes: ["write"] });
    expect(await book.signIn("t")).toContain("not for reading");
  });

  it("is opened with the token, or says in words why not", async () => {
    expect(await book.signIn("t")).toBeNull();
    expect(book.canWrite).toBe(true);
    expect(written).toEqual([["POST", "api/session", { token: "t" }]]);
    write = () => Promise.reject(WRONG);
    expect(await book.signIn("x")).toBe("That is not the write token.");
    write = () => Promise.reject(new TypeError("no network"));
    expect(await book.signIn("x")).toBe("The recorder could not be reached.");
  });

  it("is closed", async () => {
    await book.signIn("t");
    await book.signOut();
    expect(written.at(-1)).toEqual(["DELETE", "api/session"]);
    expect(book.canWrite).toBe(false);
  });

  it("is known to be closed before whoever closed it goes on, also when it was asked for meanwhile", async () => {
    let calls = 0;
    const read: Api["read"] = async (_path, parse) => {
      calls += 1;
      if (calls === 1) queueMicrotask(() => void mine.refresh());
      await new Promise((resolve) => setTimeout(resolve, 5 * calls));
      return parse(READ_ONLY) as never;
    };
    const api = fakeApi({ read, write: async () => WRITE });
    const mine = new SessionBook({ api, onSession: () => {} });
    await mine.signIn("t");
    await mine.signOut();
    expect([mine.canWrite, calls]).toEqual([false, 2]);
  });

  it("tells of a launch link that is spent, but not where it is not needed", async () => {
    await book.launch("code");
    expect(written).toEqual([["POST", "api/session", { launch_code: "code" }]]);
    expect([book.canWrite, book.problem]).toEqual([true, null]);
    write = () => Promise.reject(WRONG);
    session = WRITE;
    await book.launch("code");
    expect(book.problem).toBeNull();
    session = READ_ONLY;
    await book.launch("code");
    expect(book.canWrite).toBe(false);
    expect(book.problem).toBe("That is not the write token.");
  });

  it("writes, and asks anew what it may do when it was over", async () => {
    await book.signIn("t");
    expect(await book.write("api/alerts/a/acknowledge", {})).toBeNull();
    write = () => Promise.reject(new Refusal("x", 404, "there is no alert 'a'"));
    expect(await book.write("x", {})).toBe("There is no alert 'a'.");
    expect(book.canWrite).toBe(true);
    write = () => Promise.reject(WRONG);
    await book.write("x", {});
    expect(book.canWrite).toBe(false);
  });
});

describe("a launch link", () => {
  it("gives its code once, and leaves the rest of the address", () => {
    const places: unknown[] = [];
    const history = { state: null, replaceState: (...to: unknown[]) => places.push(to[2]) };
    const location = { hash: "#launch=abc", pathname: "/", search: "?symbol=SPX" };
    expect(takeLaunchCode(location, history)).toBe("abc");
    expect(places).toEqual(["/?symbol=SPX"]);
    expect(takeLaunchCode({ ...location, hash: "#other" }, history)).toBeNull();
    expect(takeLaunchCode({ ...location, hash: "#launch=" }, history)).toBeNull();
  });

  it("that is put into the address of the open page is taken as well", () => {
    const codes: string[] = [];
    followLaunchLinks(window, (code) => codes.push(code));
    window.history.replaceState(null, "", "/?symbol=SPX#launch=abc");
    window.dispatchEvent(new Event("hashchange"));
    expect([window.location.search, window.location.hash]).toEqual(["?symbol=SPX", ""]);
    window.history.replaceState(null, "", "#elsewhere");
    window.dispatchEvent(new Event("hashchange"));
    expect(codes).toEqual(["abc"]);
    expect(window.location.hash).toBe("#elsewhere");
  });
});
