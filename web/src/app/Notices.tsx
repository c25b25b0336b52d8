import { useState } from "react";
import { LinkNotice } from "../features/dock/LinkNotice";
import { useSession } from "../synapse/hooks";
import type { Snapshot } from "../synapse/store";
import type { AddressBar } from "./useAddress";

interface NoticesProps {
  readonly address: AddressBar;
  readonly snapshot: Snapshot;
}

/** What there is to say of links, and what is wrong with the page, until somebody has read it. */
export function Notices({ address, snapshot }: NoticesProps) {
  const problem = useProblem(snapshot);
  const [read, setRead] = useState<string | null>(null);
  const { closeNotice, link, notice } = address;
  const wrong = problem !== null && problem !== read ? { text: problem, warning: true } : null;
  const close = (): void => {
    if (notice === null) setRead(problem);
    closeNotice();
  };
  return <LinkNotice notice={notice ?? wrong} link={link} onClose={close} />;
}

/** What is wrong. That a launch link is spent is said beside the sign-in, as long as that is shown. */
function useProblem({ connection, problem }: Snapshot): string | null {
  const { linkProblem } = useSession();
  return problem ?? (connection.name === "signed_out" ? null : linkProblem);
}
