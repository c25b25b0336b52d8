import { act, cleanup, render, screen } from "@testing-library/preact";
import { type ReactNode, useCallback, useEffect } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Api } from "../../src/synapse/api";
import { parseBars } from "../../src/synapse/bars";
import {
  SynapseContext,
  useAcknowledge,
  useArrivals,
  useBarFeed,
  useComparison,
  useEpisodes,
  useExplanation,
  useMachine,
  useMarks,
  useSelected,
  useSession,
  useStateHash,
} from "../../src/synapse/hooks";
import { MARKS_REST_MS } from "../../src/synapse/markBook";
import { parseState } from "../../src/synapse/state";
import { FLUSH_MS, SynapseStore } from "../../src/synapse/store";
import { FakeWorld } from "../fakeWorld";
import { control, event } from "../samples";
import { STATE } from "../state";
import { episode, episodesOf, eventsOf, recorder } from "./fakeRecorder";

const EXPLANATION = {
  symbol: "SPX",
  position: 100,
  regime: "BEAR",
  explained: false,
  reason: "no constants",
  scores: [],
  flips: [],
};
const moment = (position: number) => ({ position, at: null, state_hash: `h${position}` });
const ALERT = event("price_alert", { message: "it fell" }, { position: 90 });

let world: FakeWorld;
let store: SynapseStore;
let asked: string[];
let written: unknown[];
let renders: number;

beforeEach(async () => {
  world = new FakeWorld();
  written = [];
  renders = 0;
  const more: Partial<Api> = {
    state: async () => parseState(STATE)!,
    bars: async () => parseBars({ head: 100, bars: [] })!,
    write: async (...call) => {
      written.push(call);
      return { scopes: ["read", "write"], expires_at: null };
    },
  };
  const fake = recorder(
    {
      "api/session": () => ({ scopes: ["read"], expires_at: null }),
      "api/episodes": () => episodesOf([episode("2018-01-01T00:00:00Z", 5)]),
      "api/events": (query) => eventsOf([ALERT])(query),
      "api/explain": () => EXPLANATION,
      "api/state": () => ({ state_hash: "h7" }),
      "api/compare": (query) =>
        query.get("a") === "13"
          ? undefined
          : {
              a: moment(Number(query.get("a"))),
              b: moment(Number(query.get("b") ?? 100)),
              symbols: {},
              portfolios: {},
              counts: {},
            },
    },
    more,
  );
  asked = fake.asked;
  store = new SynapseStore(world, fake.api);
  store.start();
  await store.openShelf();
});

afterEach(cleanup);

async function settle(ms = FLUSH_MS): Promise<void> {
  const turn = (): Promise<void> =>
    act(async () => {
      await new Promise((done) => setTimeout(done, 0));
      world.pass(ms);
    });
  await turn();
  await turn();
  await turn();
}

function goLive(): void {
  world.socket.onopen?.();
  world.socket.say(control("subscription_confirmed"));
  world.socket.say(control("caught_up"));
}

const within = (part: ReactNode) => <SynapseContext value={store}>{part}</SynapseContext>;

async function show(part: ReactNode): Promise<void> {
  render(within(part));
  await settle();
}

function Shelf() {
  const episodes = useEpisodes("SPX");
  const explanation = useExplanation("SPX");
  const marks = useMarks("SPX", null);
  const words = [episodes.length, explanation?.reason ?? "", marks[0]?.text ?? ""];
  return <p data-testid="part">{words.join("; ")}</p>;
}

function NoSymbol() {
  return <p data-testid="part">{`${useEpisodes(null).length} ${useExplanation(null)}`}</p>;
}

function Marks({ to }: { to: number }) {
  return <p data-testid="part">{useMarks("SPX", { from: 0, to }).length}</p>;
}

function Compare({ a, b = null }: { a: number | null; b?: number | null }) {
  const { status, comparison } = useComparison(a, b, "SPX");
  return <p data-testid="part">{`${status} ${comparison?.a.position} ${comparison?.b.position}`}</p>;
}

const useDeeds = () => ({
  ...useSession(),
  acknowledge: useAcknowledge(),
  hash: useStateHash(),
});

const text = (): string | null => screen.getByTestId("part").textContent;

describe("what is read beside the stream", () => {
  it("is a symbol's episodes, explanation and marks", async () => {
    await show(<Shelf />);
    await settle(MARKS_REST_MS);
    expect(text()).toBe("1; no constants; it fell");
  });

  it("is nothing without a symbol", async () => {
    await show(<NoSymbol />);
    expect(text()).toBe("0 null");
    expect(asked).toEqual(["api/session"]);
  });

  it("asks for another stretch of marks, and for the old one no more", async () => {
    const { rerender } = render(within(<Marks to={10} />));
    await settle(0);
    rerender(within(<Marks to={4e9} />));
    await settle(MARKS_REST_MS);
    expect(asked.filter((path) => path.startsWith("api/events"))).toHaveLength(1);
    expect(text()).toBe("1");
  });
});

describe("a comparison", () => {
  it("is idle without a moment, of the shown one without a second, and fails in peace", async () => {
    const { rerender } = render(within(<Compare a={null} />));
    expect(text()).toBe("idle undefined undefined");
    rerender(within(<Compare a={7} />));
    expect(text()).toBe("loading undefined undefined");
    await vi.waitFor(() => expect(text()).toBe("ready 7 100"));
    expect(asked.at(-1)).toBe("api/compare?a=7&symbol=SPX");
    rerender(within(<Compare a={7} b={20} />));
    await vi.waitFor(() => expect(text()).toBe("ready 7 20"));
    rerender(within(<Compare a={13} />));
    await vi.waitFor(() => expect(text()).toBe("failed undefined undefined"));
  });
});

describe("what may be done", () => {
  it("is to sign in, to acknowledge an alert, and to ask for the hash of a moment", async () => {
    let may: ReturnType<typeof useDeeds> | null = null;
    function Part() {
      const deeds = useDeeds();
      useEffect(() => {
        may = deeds;
      });
      return <p data-testid="part">{`${deeds.canWrite}`}</p>;
    }
    await show(<Part />);
    expect(text()).toBe("false");
    expect(await may!.signIn("t")).toBeNull();
    await settle();
    expect(text()).toBe("true");
    expect(await may!.acknowledge("a/1")).toBeNull();
    expect(written.at(-1)).toEqual(["POST", "api/alerts/a%2F1/acknowledge", {}]);
    expect(await may!.hash(7)).toBe("h7");
    expect(asked.at(-1)).toBe("api/state?position=7");
  });
});

describe("live", () => {
  it("tells of what arrives, and of no price to those who read another part", async () => {
    const arrived: number[] = [];
    const feeds = new Set<unknown>();
    const controls = new Set<unknown>();
    function Part() {
      const alerts = useSelected(({ market }) => market.alerts);
      useArrivals(useCallback(({ position }) => arrived.push(position), []));
      feeds.add(useBarFeed("SPX"));
      const { machine, controls: own } = useMachine();
      controls.add(own);
      useEffect(() => {
        renders += 1;
      });
      return <p data-testid="part">{`${alerts.length} ${machine}`}</p>;
    }
    await show(<Part />);
    goLive();
    await settle();
    const before = renders;
    for (let position = 101; position < 150; position += 1) {
      world.socket.say(event("price_update", {}, { position }));
    }
    await settle();
    expect(renders).toBe(before);
    world.socket.say(event("price_alert", { alert_id: "x" }, { position: 150 }));
    await settle();
    expect(renders).toBe(before + 1);
    expect(arrived).toHaveLength(50);
    expect([feeds.size, controls.size]).toEqual([1, 1]);
  });
});
