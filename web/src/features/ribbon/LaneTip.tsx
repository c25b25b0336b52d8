import { RegimeWord } from "../../ui/Glyph";
import { stretchAt } from "./timeline";
import { type Beside, useLaneLine } from "./useLaneLine";

interface LaneTipProps extends Beside {
  readonly at: number;
}

/** What a lane says of a moment. */
export function LaneTip({ at, ...beside }: LaneTipProps) {
  const { lane, write } = beside;
  const { isOver, line } = useLaneLine(beside);
  if (!line) return null;
  const stretch = at < line.from || isOver(at) ? null : stretchAt(line, at);
  if (!stretch) return <span>{lane.name}: nothing{isOver(at) ? `, it ends ${write(line.to)}` : " yet"}</span>;
  return (
    <span>
      {lane.name}: <RegimeWord regime={stretch.regime} /> since {write(stretch.from)}
    </span>
  );
}
