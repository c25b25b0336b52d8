import type { ReactNode } from "react";
import type { Channel } from "../synapse/generated";
import { useHidden } from "../synapse/hooks";
import { Empty, Panel } from "../ui/Panel";
import { words } from "../ui/format";

interface CoveredProps {
  /** Of the panel. */
  readonly title: string;
  /** The channels that it is made of. */
  readonly needs: readonly Channel[];
  readonly children: ReactNode;
}

/** A panel, or, where the page may not show what it is made of, that it is not there. */
export function Covered({ title, needs, children }: CoveredProps) {
  const hidden = useHidden(needs);
  if (hidden.length === 0) return <>{children}</>;
  return (
    <Panel title={title} className="missing">
      <Empty>Not in your token: it does not cover {hidden.map(words).join(", ")}.</Empty>
    </Panel>
  );
}
