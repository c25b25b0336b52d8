/** What the dock's buttons show: paths of a 16 by 16 box, filled but for the lines. */
const PATHS = {
  play: "M4 2.5 13 8l-9 5.5Z",
  pause: "M3.5 2.5h3.2v11H3.5Zm5.8 0h3.2v11H9.3Z",
  stepBack: "M11.5 3v10L5 8ZM3 3h1.6v10H3Z",
  stepForward: "M4.5 3 11 8l-6.5 5Zm6.9 0H13v10h-1.6Z",
  previousShift: "M8 3v10L2.5 8Zm5.5 0v10L8 8Z",
  nextShift: "M2.5 3 8 8l-5.5 5ZM8 3l5.5 5L8 13Z",
  quiet: "M1.5 11.5C2.5 3 10.5 2 13 9M14 4v5.2H8.8",
  copy: "M6.9 9.1a.8.8 0 0 1-1.1 1.1 3.6 3.6 0 0 1 0-5.1l2-2a3.6 3.6 0 0 1 5.1 5.1l-1 1a.8.8 0 0 1-1.1-1.1l1-1a2 2 0 0 0-2.9-2.9l-2 2a2 2 0 0 0 0 2.9Zm2.2-2.2a.8.8 0 0 1 1.1-1.1 3.6 3.6 0 0 1 0 5.1l-2 2a3.6 3.6 0 0 1-5.1-5.1l1-1a.8.8 0 0 1 1.1 1.1l-1 1a2 2 0 0 0 2.9 2.9l2-2a2 2 0 0 0 0-2.9Z",
  pin: "M5 1.5h6v1.4l-1 .8v3l2.2 1.9v1.3H8.7v4.6h-1.4V9.9H3.8V8.6L6 6.7v-3l-1-.8Z",
  date: "M4.2 1.5h1.5V3h4.6V1.5h1.5V3H14v11H2V3h2.2Zm8.3 5h-9v6h9Z",
  history: "M8 2.2a5.8 5.8 0 1 1-5.6 7.3l1.5-.4A4.2 4.2 0 1 0 5 5l1.7 1.7H2V2l1.9 1.9A5.8 5.8 0 0 1 8 2.2Zm-.8 2.9h1.5v2.7l1.9 1.4-.9 1.2-2.5-1.9Z",
} as const;

const LINES: ReadonlySet<string> = new Set(["quiet"]);

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="dock-icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} fillRule="evenodd" data-line={LINES.has(name) || undefined} />
    </svg>
  );
}
