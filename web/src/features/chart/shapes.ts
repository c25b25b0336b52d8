import type { Look } from "./marks";

/** The outlines of the marks in a square of 16, the same as those of the cards. */
export const OUTLINES: Readonly<Record<Look, string>> = {
  BULL: "M8 2.5 15 14H1Z",
  BEAR: "M8 13.5 1 2h14Z",
  CRASH:
    "M8 1 16 15H0ZM7.1 5.6l.3 4.6h1.2l.3-4.6ZM8 11.2a1 1 0 1 0 0 2 1 1 0 0 0 0-2Z",
  SIDEWAYS: "M2.5 2.5h11v11h-11Z",
  info: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2Z",
  warning: "M8 1 15 8 8 15 1 8Z",
  critical: "M5 1h6l4 4v6l-4 4H5l-4-4V5Z",
  buy: "M8 1 14 7.5h-3.7V15H5.7V7.5H2Z",
  sell: "M8 15 2 8.5h3.7V1h4.6v7.5H14Z",
};

/** The custom property that has a look's colour. */
export const TONES: Readonly<Record<Look, string>> = {
  BULL: "--bull",
  BEAR: "--bear",
  CRASH: "--crash",
  SIDEWAYS: "--sideways",
  info: "--muted",
  warning: "--stale",
  critical: "--alarm",
  buy: "--focus",
  sell: "--text",
};
