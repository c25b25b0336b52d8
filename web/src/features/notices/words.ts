import type { NoticeView } from "../../synapse/view";
import { type Format, words } from "../../ui/format";

export interface NoticeWords {
  readonly title: string;
  readonly text: string;
}

const CORRECTIONS: Readonly<Record<string, string>> = {
  revised: "Price corrected",
  late: "Late price",
  gap: "Prices missing",
};

/** A notice in plain words: made of its details where they are known, else what the recorder wrote. */
export function noticeWords(notice: NoticeView, format: Format): NoticeWords {
  const { kind, details, text } = notice;
  const reason = String(details.reason ?? "");
  if (kind === "correction") {
    const title = Object.hasOwn(CORRECTIONS, reason) ? CORRECTIONS[reason] : undefined;
    return { title: title ?? "Correction", text: correctionText(notice, reason, format) ?? text };
  }
  if (kind === "feed_stopped" && reason) {
    const error = typeof details.error === "string" ? `: ${details.error}` : "";
    return { title: `Feed ${reason}`, text: `${text}${error}` };
  }
  return { title: words(kind), text };
}

function correctionText(
  { details, at }: NoticeView,
  reason: string,
  { moment, price }: Format,
): string | null {
  const { symbol, price: now, before, from, to } = details;
  const one = `${String(symbol)} of ${moment(at)}`;
  if (reason === "revised" && isAmount(now) && isAmount(before)) {
    return `${one}: ${price(now)}, was ${price(before)}`;
  }
  if (reason === "late" && isAmount(now)) return `${one}: ${price(now)}`;
  if (reason === "gap" && isTime(from) && isTime(to)) {
    return `${String(symbol)} from ${moment(from)} to ${moment(to)}`;
  }
  return null;
}

const isAmount = (value: unknown): value is string =>
  typeof value === "string" && value !== "" && Number.isFinite(Number(value));

const isTime = (value: unknown): value is string =>
  typeof value === "string" && !Number.isNaN(Date.parse(value));
