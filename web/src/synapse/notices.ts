import type { ServerEventOf } from "./generated";
import * as is from "./shape";
import type { FeedView, MarketView, NoticeView } from "./view";

export const NOTICES_MAX = 50;
export const ACKNOWLEDGED_MAX = 1_000;

const isNames = is.list(is.text);

/** The view after a notice of the recorder's own. */
export function applyNotice(
  view: MarketView,
  event: ServerEventOf<"system_notice">,
): MarketView {
  const { kind, details } = event.payload;
  if (kind === "alert_acknowledged") {
    return is.text(details.alert_id) ? acknowledged(view, [String(details.alert_id)]) : view;
  }
  if (view.notices.some((one) => one.position === event.position)) return view;
  const notices = [noticeView(event), ...view.notices].slice(0, NOTICES_MAX);
  return { ...view, notices, feeds: feedsAfter(view.feeds, event) };
}

/** The view in which these alerts are acknowledged, whether they are known yet or come later. */
export function acknowledged(view: MarketView, ids: readonly string[]): MarketView {
  const all = [...new Set([...view.acknowledged, ...ids])].slice(-ACKNOWLEDGED_MAX);
  const alerts = view.alerts.map((alert) =>
    !alert.acknowledged && ids.includes(alert.alert_id) ? { ...alert, acknowledged: true } : alert,
  );
  return { ...view, acknowledged: new Set(all), alerts };
}

/** The symbol's feed that stopped last; null while one plays, and where none is known. */
export function stoppedFeed(view: MarketView, symbol: string): FeedView | null {
  const feeds = Object.values(view.feeds).filter((feed) => feed.symbols.includes(symbol));
  if (feeds.some((feed) => feed.running)) return null;
  return feeds.toSorted((a, b) => b.position - a.position)[0] ?? null;
}

/** Whether a notice is of that symbol, or of all. */
export function concerns(notice: NoticeView, symbol: string): boolean {
  return notice.symbols === null || notice.symbols.includes(symbol);
}

function noticeView(event: ServerEventOf<"system_notice">): NoticeView {
  const { kind, text, details, timestamp } = event.payload;
  const { position, timestamp: recordedAt } = event;
  return { position, kind, text, details, symbols: symbolsOf(details), at: timestamp, recordedAt };
}

function symbolsOf(details: Readonly<Record<string, unknown>>): readonly string[] | null {
  if (is.text(details.symbol)) return [String(details.symbol)];
  return isNames(details.symbols) ? (details.symbols as string[]) : null;
}

function feedsAfter(
  feeds: MarketView["feeds"],
  event: ServerEventOf<"system_notice">,
): MarketView["feeds"] {
  const { kind, details } = event.payload;
  if ((kind !== "feed_started" && kind !== "feed_stopped") || !is.text(details.feed)) return feeds;
  const name = String(details.feed);
  const feed: FeedView = {
    name,
    symbols: symbolsOf(details) ?? [],
    running: kind === "feed_started",
    reason: is.text(details.reason) ? String(details.reason) : null,
    recordedAt: event.timestamp,
    position: event.position,
  };
  return { ...feeds, [name]: feed };
}
