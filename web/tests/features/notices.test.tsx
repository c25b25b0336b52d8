import { act, cleanup, fireEvent, render, screen } from "@testing-library/preact";
import { afterEach, beforeEach, expect, it } from "vitest";
import { NoticeList, SHOWN_MAX } from "../../src/features/notices/NoticeList";
import { formatFor } from "../../src/ui/format";
import { noticeWords } from "../../src/features/notices/words";
import type { SystemNotice } from "../../src/synapse/generated";
import { SynapseContext } from "../../src/synapse/hooks";
import { applyEvent } from "../../src/synapse/reducer";
import { FLUSH_MS, SynapseStore } from "../../src/synapse/store";
import { EMPTY_VIEW, type NoticeView } from "../../src/synapse/view";
import { fakeApi } from "../fakeApi";
import { FakeWorld } from "../fakeWorld";
import { event } from "../samples";

let world: FakeWorld;
let store: SynapseStore;
let position: number;

beforeEach(() => {
  position = 0;
  world = new FakeWorld();
  store = new SynapseStore(world, fakeApi());
  render(
    <SynapseContext value={store}>
      <NoticeList symbol="SPX" />
    </SynapseContext>,
  );
});

const ENGLISH = formatFor("en-GB", "UTC");

afterEach(cleanup);

const notice = (payload: Partial<SystemNotice>) => {
  position += 1;
  return event("system_notice", payload, { position });
};

function tell(...payloads: Partial<SystemNotice>[]): void {
  act(() => {
    for (const payload of payloads) store.onEvent(notice(payload));
    store.onChange();
    world.pass(FLUSH_MS);
  });
}

function viewOf(payload: Partial<SystemNotice>): NoticeView {
  return applyEvent(EMPTY_VIEW, notice(payload)).notices[0]!;
}

const REVISED = { reason: "revised", symbol: "SPX", price: "2351.10", before: "2531.1" };

it.each([
  [REVISED, "Price corrected", "SPX of 24 Dec 2018: 2,351.10, was 2,531.10"],
  [{ ...REVISED, reason: "late", before: null }, "Late price", "SPX of 24 Dec 2018: 2,351.10"],
  [
    { reason: "gap", symbol: "SPX", from: "2018-12-01T21:00:00Z", to: "2018-12-11T21:00:00Z" },
    "Prices missing",
    "SPX from 1 Dec 2018 to 11 Dec 2018",
  ],
  [{ ...REVISED, before: 7 }, "Price corrected", "as it was written"],
  [{ reason: "toString" }, "Correction", "as it was written"],
])("says what a correction changed: %o", (details, title, text) => {
  const view = viewOf({ kind: "correction", text: "as it was written", details });
  expect(noticeWords(view, ENGLISH)).toEqual({ title, text });
});

const words = (kind: SystemNotice["kind"], details: SystemNotice["details"]) =>
  noticeWords(viewOf({ kind, text: "said", details }), ENGLISH);

it("says why a feed stopped, and what became of a rule", () => {
  expect(words("feed_stopped", { reason: "failed", error: "no route" })).toEqual({
    title: "Feed failed",
    text: "said: no route",
  });
  expect(words("feed_stopped", {}).title).toBe("Feed stopped");
  expect(words("feed_started", {})).toEqual({ title: "Feed started", text: "said" });
  expect(words("alert_rule_removed", {}).title).toBe("Alert rule removed");
});

it("shows nothing while there is nothing to tell", () => {
  expect(document.body.textContent).toBe("");
  tell({ kind: "alert_acknowledged", details: { alert_id: "a1" } });
  expect(document.body.textContent).toBe("");
});

it("shows notices of the chosen symbol or of all, reachable by keyboard", () => {
  tell({ kind: "correction", details: { ...REVISED, symbol: "SIM" } });
  expect(screen.getByText("No notice of SPX.")).toBeTruthy();
  tell({ kind: "correction", details: REVISED });
  expect(screen.getByRole("region", { name: "Notices" })).toBeTruthy();
  expect(screen.getAllByRole("listitem")).toHaveLength(1);
  fireEvent.click(screen.getByRole("button", { name: "All" }));
  expect(screen.getAllByRole("listitem")).toHaveLength(2);
  expect(screen.getByRole("list", { name: "Notices" }).tabIndex).toBe(0);
});

it("shows the newest few", () => {
  const one = { kind: "correction", details: REVISED } as const;
  tell(...Array.from({ length: SHOWN_MAX + 3 }, () => one));
  expect(screen.getAllByRole("listitem")).toHaveLength(SHOWN_MAX);
});
