import type { Format } from "../../ui/format";
import type { Picture } from "./chartView";
import { save } from "./save";
import type { ChartTheme } from "./theme";

/** What is known of the moment that a saved chart shows. */
export interface Pictured {
  readonly symbol: string;
  /** The market's time in the past; null while live. */
  readonly at: string | null;
  readonly position: number;
  /** The state's; empty where it is not known. */
  readonly hash: string;
  readonly format: Format;
  readonly theme: ChartTheme;
}

const SHORT_HASH = 12;
const HEAD_PX = 40;
const FOOT_PX = 34;
const EDGE_PX = 16;

/** `synapse-SPX-2008-10-10-position-12345.png`; what a file name cannot have becomes `_`. */
export function pictureName(symbol: string, time: string, position: number): string {
  const safe = symbol.replaceAll(/[^\w.-]/g, "_");
  return `synapse-${safe}-${time.slice(0, 10)}-position-${position}.png`;
}

/** The line above the chart's right end. */
export function headWords({ at, format }: Pictured): string {
  return at === null ? `live, ${format.exact(new Date().toISOString())}` : format.exact(at);
}

/** The line below the chart. */
export function footWords({ format, hash, position }: Pictured): string {
  const state = hash && `state ${hash.slice(0, SHORT_HASH)}`;
  const parts = [`position ${format.count(position)}`, state, "Not investment advice"];
  return parts.filter(Boolean).join(" · ");
}

/** Lets the browser save the chart on the page's background, with a head and a foot. */
export async function savePicture(chart: Picture, pictured: Pictured): Promise<void> {
  const { at, position, symbol } = pictured;
  const blob = await captioned(chart, pictured);
  save(blob, pictureName(symbol, at ?? new Date().toISOString(), position));
}

function captioned({ canvas: chart, ratio }: Picture, pictured: Pictured): Promise<Blob> {
  const { symbol, theme } = pictured;
  const canvas = document.createElement("canvas");
  canvas.width = chart.width + Math.round(2 * EDGE_PX * ratio);
  canvas.height = chart.height + Math.round((HEAD_PX + FOOT_PX) * ratio);
  const context = canvas.getContext("2d");
  if (!context) return Promise.reject(new Error("this browser cannot draw"));
  context.fillStyle = theme.page;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(chart, Math.round(EDGE_PX * ratio), Math.round(HEAD_PX * ratio));
  context.scale(ratio, ratio);
  context.textBaseline = "middle";
  const right = canvas.width / ratio - EDGE_PX;
  const head = HEAD_PX / 2;
  const foot = canvas.height / ratio - FOOT_PX / 2;
  const write = (text: string, x: number, y: number, font: string, colour: string): void => {
    context.font = `${font} ${theme.font}`;
    context.fillStyle = colour;
    context.textAlign = x === right ? "right" : "left";
    context.fillText(text, x, y);
  };
  write(symbol, EDGE_PX, head, "700 16px", theme.text);
  write(headWords(pictured), right, head, "600 13px", theme.muted);
  write(footWords(pictured), EDGE_PX, foot, "12px", theme.muted);
  write("Synapse", right, foot, "600 12px", theme.text);
  return new Promise((done, fail) => {
    canvas.toBlob((blob) => (blob ? done(blob) : fail(new Error("no picture was made"))), "image/png");
  });
}
