import type { DesktopNote } from "../../ui/desktop";
import type { Format } from "../../ui/format";
import type { News } from "./news";

/** More than so many at once become one note. */
export const NOTES_MAX = 3;
/** How many symbols that one note names. */
export const NAMES_MAX = 8;

/** The desktop notes for what is told at once; those of one symbol replace each other. */
export function notesOf(news: readonly News[], format: Format): readonly DesktopNote[] {
  if (news.length > NOTES_MAX) return [summary(news, format)];
  return news.map((one) => ({
    title: titleOf(one),
    body: [bodyOf(one, format), one.origin].filter(Boolean).join(" · "),
    tag: `synapse-${one.kind}-${one.symbol}`,
  }));
}

const titleOf = (news: News): string =>
  news.kind === "shift" ? `${news.symbol}: ${news.to}` : `${news.symbol}: critical alert`;

function bodyOf(news: News, { percent, price }: Format): string {
  if (news.kind === "alert") return `${news.text}, at ${price(news.price)}`;
  return `Shifted from ${news.from} to ${news.to}, ${percent(news.confidence)} confident`;
}

function summary(news: readonly News[], { count }: Format): DesktopNote {
  const named = news.slice(0, NAMES_MAX).map((one) => {
    const what = one.kind === "shift" ? one.to : "alert";
    return `${one.symbol} ${what}${one.origin ? ` (${one.origin})` : ""}`;
  });
  const rest = news.length - named.length;
  const more = rest > 0 ? [`and ${count(rest)} more`] : [];
  return {
    title: `${count(news.length)} shifts and alerts`,
    body: [...named, ...more].join(", "),
    tag: "synapse-many",
  };
}
