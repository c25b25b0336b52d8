import { act, cleanup, renderHook } from "@testing-library/preact";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ADDRESS_MS, choose, useAddress } from "../../src/app/useAddress";
import { NOTICE_MS } from "../../src/app/useLinkNotice";
import { FakePast, HASH } from "../fakeMachine";

const held: { past: FakePast } = vi.hoisted(() => ({ past: null as never }));

vi.mock("../../src/synapse/hooks", async (original) => ({
  ...(await original<object>()),
  useSelected: (select: never) => held.past.hooks().useSelected(select),
  useMachine: () => held.past.hooks().useMachine(),
  useStateHash: () => held.past.hashOf,
  useLanes: () => held.past.hooks().useLanes(),
}));

let past: FakePast;
const writeText = vi.fn(async (_text: string): Promise<void> => {});

beforeEach(() => {
  vi.useFakeTimers();
  past = new FakePast();
  held.past = past;
  writeText.mockReset();
  writeText.mockResolvedValue();
  vi.stubGlobal("navigator", { ...navigator, language: "en", clipboard: { writeText } });
  window.history.replaceState(null, "", "/");
});

afterEach(() => {
  cleanup();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function open(search = "", symbols = ["ABC", "SPX"]) {
  window.history.replaceState(null, "", `/${search}`);
  const { result } = renderHook(() => useAddress(symbols));
  await settle(0);
  return result;
}

const settle = (ms = ADDRESS_MS): Promise<void> =>
  act(async () => {
    await vi.advanceTimersByTimeAsync(ms);
  });

/** The browser goes back, or forward, to an address. */
function back(search: string): void {
  window.history.replaceState(null, "", `/${search}`);
  act(() => {
    window.dispatchEvent(new PopStateEvent("popstate"));
  });
}

describe("a link", () => {
  it("opens its very moment, once, as soon as the log is known", async () => {
    past.snapshot = { ...past.snapshot, epoch: null };
    const bar = await open("?symbol=ABC&position=77&compare=5&speed=3600");
    expect(past.controls.goTo).not.toHaveBeenCalled();
    past.tell({ epoch: "e1" });
    expect(past.controls.goTo.mock.calls).toEqual([[{ position: 77 }]]);
    expect(past.controls.setSpeed.mock.calls).toEqual([[3_600]]);
    expect([bar.current.symbol, bar.current.compare]).toEqual(["ABC", 5]);
    past.replay({ position: 77, speed: 3_600 });
    past.tell({ epoch: "e1", position: 90_000 });
    expect(past.controls.goTo).toHaveBeenCalledTimes(1);
    await settle();
    expect(window.location.search).toBe("?symbol=ABC&position=77&compare=5&speed=3600");
  });

  it("that is not sound opens live, and says so until it is closed", async () => {
    const bar = await open("?position=abc&speed=7");
    expect(past.controls.goTo).not.toHaveBeenCalled();
    expect(bar.current.notice).toMatchObject({ warning: true });
    expect(bar.current.notice?.text).toContain("position=abc");
    act(() => bar.current.closeNotice());
    expect(bar.current.notice).toBeNull();
  });

  it("tells whether its sender saw the same, again when the log becomes another one", async () => {
    const bar = await open(`?position=77&state=${HASH.slice(0, 16)}`);
    await settle(0);
    expect(past.hashOf).toHaveBeenCalledWith(77);
    expect(bar.current.notice).toMatchObject({ warning: false });
    await settle(NOTICE_MS);
    expect(bar.current.notice).toBeNull();
    past.hashOf.mockResolvedValue("0000000000000000");
    past.tell({ epoch: "e2" });
    await settle(NOTICE_MS * 2);
    expect(bar.current.notice).toMatchObject({ warning: true });
    expect(bar.current.notice?.text).toContain("something else at that position");
  });

  it("warns where the log does not reach its position", async () => {
    past.hashOf.mockRejectedValue(new Error("beyond the head"));
    const bar = await open(`?position=77&state=${HASH.slice(0, 16)}`);
    await settle(0);
    expect(bar.current.notice).toMatchObject({ warning: true });
  });
});

it("warns of a link without a state that leads beyond the end of the log", async () => {
  past.snapshot = { ...past.snapshot, connection: { name: "catching_up" }, position: 0 };
  const bar = await open("?position=99999");
  expect(bar.current.notice).toBeNull();
  past.tell({ connection: { name: "live" }, position: 88_210 });
  expect(bar.current.notice?.text).toContain("beyond the end of this log");
});

it("warns of a symbol that the log does not have, once it is known which it has", async () => {
  const bar = await open("?symbol=NOPE&position=10");
  expect(bar.current.notice).toBeNull();
  const symbols = { SPX: { symbol: "SPX", regime: null, price: null } };
  past.tell({ live: { ...past.snapshot.live, symbols } });
  expect(bar.current.notice).toMatchObject({ warning: true });
  expect(bar.current.notice?.text).toContain("no NOPE so far");
  act(() => bar.current.closeNotice());
  expect(bar.current.notice).toBeNull();
});

describe("the address", () => {
  it("follows the moment when it rests, not while it plays", async () => {
    await open();
    past.replay({ position: 10 });
    await settle();
    expect(window.location.search).toBe("?symbol=SPX&position=10&speed=86400");
    past.replay({ status: "playing", position: 11 });
    past.replay({ status: "playing", position: 500 });
    await settle();
    expect(window.location.search).toContain("position=10&");
    past.replay({ status: "paused", position: 500 });
    await settle();
    expect(window.location.search).toContain("position=500&");
    past.live();
    await settle();
    expect(window.location.search).toBe("");
  });

  it("is written at most twice a second", async () => {
    await open();
    past.replay({ position: 1 });
    await settle();
    const written = vi.spyOn(window.history, "replaceState");
    for (let position = 2; position < 40; position += 1) past.replay({ position });
    await settle();
    expect(written.mock.calls.length).toBeLessThanOrEqual(2);
    expect(window.location.search).toContain("position=39&");
  });

  it("keeps the way into the past and another symbol as steps to go back from", async () => {
    const bar = await open("?symbol=SPX");
    const steps = vi.spyOn(window.history, "pushState");
    past.replay({ position: 10 });
    await settle();
    expect(steps).toHaveBeenCalledTimes(1);
    past.replay({ position: 20 });
    await settle();
    expect(steps).toHaveBeenCalledTimes(1);
    act(() => bar.current.choose("ABC"));
    await settle();
    expect(steps).toHaveBeenCalledTimes(2);
    expect(window.location.search).toContain("symbol=ABC&position=20");
  });

  it("is obeyed when the browser goes back or forward", async () => {
    const bar = await open();
    past.replay({ position: 10 });
    await settle();
    back("?symbol=ABC");
    expect(past.controls.close).toHaveBeenCalledTimes(1);
    expect(bar.current.symbol).toBe("ABC");
    await settle();
    expect(window.location.search).toBe("?symbol=ABC");
    past.live();
    back("?symbol=ABC&position=10");
    expect(past.controls.goTo).toHaveBeenLastCalledWith({ position: 10 });
    await settle();
    expect(window.location.search).toBe("?symbol=ABC&position=10");
  });

  it("keeps the pinned moment", async () => {
    const bar = await open();
    act(() => bar.current.pin(42));
    await settle();
    expect(window.location.search).toBe("?compare=42");
    act(() => bar.current.pin(null));
    await settle();
    expect(window.location.search).toBe("");
  });
});

function tellLanes(): void {
  const rest = { problem: null, epoch: "e2", head: 9, symbols: [] };
  past.lanes = [
    { name: "sma200", ...rest },
    { name: "jump", ...rest },
  ];
  past.tell({});
}

describe("a lane", () => {
  it("is opened by a link once it is known which there are, and stays in the address", async () => {
    const bar = await open("?lane=sma200");
    expect(bar.current.lanes).toBeNull();
    expect(window.location.search).toBe("?lane=sma200");
    tellLanes();
    await settle();
    expect(bar.current.lanes?.chosen).toBe("sma200");
    act(() => bar.current.lanes?.choose("jump"));
    await settle();
    expect(window.location.search).toBe("?lane=jump");
    act(() => bar.current.copyLink());
    await settle(0);
    expect(writeText.mock.calls[0]?.[0]).toContain("&lane=jump");
    act(() => bar.current.lanes?.choose(null));
    await settle();
    expect(window.location.search).toBe("");
    back("?lane=jump");
    expect(bar.current.lanes?.chosen).toBe("jump");
  });

  it("that the recorder does not have is not shown, and a link to it says so", async () => {
    const bar = await open("?lane=hmm");
    expect(bar.current.notice).toBeNull();
    tellLanes();
    await settle();
    expect(bar.current.lanes?.chosen).toBeNull();
    expect(bar.current.notice?.text).toContain("no lane hmm");
    expect(window.location.search).toBe("");
  });

  it("is chosen for nobody where there are none", async () => {
    past.lanes = [];
    const bar = await open();
    expect(bar.current.lanes).toBeNull();
  });
});

describe("copying a link", () => {
  it("takes the live position, with the hash of its state", async () => {
    const bar = await open("?theme=dark");
    act(() => bar.current.copyLink());
    await settle(0);
    expect(past.hashOf).toHaveBeenCalledWith(88_210);
    const [[link]] = writeText.mock.calls as [[string]];
    expect(link).toMatch(/\?symbol=SPX&position=88210&state=3f2a9c0d1e2f3a4b$/);
    expect(bar.current.notice?.text).toBe("Link copied. State 3f2a9c…");
  });

  it("takes the replay's moment, speed and hash", async () => {
    const bar = await open();
    past.replay({ position: 7 });
    act(() => bar.current.copyLink());
    await settle(0);
    const [[link]] = writeText.mock.calls as [[string]];
    expect(link).toContain("?symbol=SPX&position=7&speed=86400&state=3f2a9c0d1e2f3a4b");
    expect(past.hashOf).not.toHaveBeenCalled();
  });

  it("shows the link where the browser does not copy it", async () => {
    writeText.mockRejectedValue(new Error("not allowed"));
    const bar = await open();
    act(() => bar.current.copyLink());
    await settle(0);
    expect(bar.current.link).toContain("position=88210");
    act(() => bar.current.closeNotice());
    expect(bar.current.link).toBeNull();
  });
});

it("chooses what the address names, else SPX, else the first", () => {
  expect(choose("ABC", ["SPX"])).toBe("ABC");
  expect(choose(null, ["AAA", "SPX"])).toBe("SPX");
  expect(choose(null, ["AAA", "BBB"])).toBe("AAA");
  expect(choose(null, [])).toBeNull();
});
