import { useCallback, useEffect, useState } from "react";
import { useLanes, useSelected, useStateHash } from "../synapse/hooks";
import { type Address, type ParsedAddress, formatAddress } from "./address";
import {
  BEYOND,
  type Notice,
  comparedWords,
  copiedWords,
  ignoredWords,
  stateDigits,
  unknownLaneWords,
  unknownWords,
} from "./linkWords";

/** A notice that needs no answer goes after so long. */
export const NOTICE_MS = 8_000;

export interface LinkNotices {
  readonly notice: Notice | null;
  readonly link: string | null;
  /** Copies a link; where the address has no state yet, it is asked for. */
  readonly copy: (address: Address) => void;
  readonly close: () => void;
}

/** What there is to say of the link that was opened, and of those that are copied. */
export function useLinkNotice(opened: ParsedAddress): LinkNotices {
  const stateHash = useStateHash();
  const [told, setTold] = useState<Notice | null>(null);
  const [link, setLink] = useState<string | null>(null);
  const [closed, setClosed] = useState<ParsedAddress | null>(null);
  const ignored = closed === opened ? null : ignoredWords(opened.ignored);
  const unread = closed === opened ? null : opened.address;
  const symbol = useUnknownSymbol(unread?.symbol ?? null);
  const lane = useUnknownLane(unread?.lane ?? null);
  useComparedState(opened.address, stateHash, setTold);

  useEffect(() => {
    if (!told || told.warning) return;
    const timer = setTimeout(() => setTold(null), NOTICE_MS);
    return () => clearTimeout(timer);
  }, [told]);

  const copy = useCallback(
    async (address: Address): Promise<void> => {
      const known = stateDigits(address.state);
      const state = known ?? stateDigits(await settled(stateHash, address.position ?? 0));
      const made = linkTo({ ...address, state });
      try {
        await navigator.clipboard.writeText(made);
        setTold(copiedWords(state));
      } catch {
        // There is none where the page is not served over https or from localhost.
        setLink(made);
      }
    },
    [stateHash],
  );
  const texts = [told?.text, symbol?.text, lane?.text, ignored].filter(
    (text) => text !== null && text !== undefined,
  );
  const isWarning = told?.warning === true || ignored !== null || symbol !== null || lane !== null;
  return {
    notice: texts.length === 0 ? null : { text: texts.join(" "), warning: isWarning },
    link,
    copy: (address) => void copy(address),
    close: () => {
      setTold(null);
      setLink(null);
      setClosed(opened);
    },
  };
}

/** Which symbols a log has, is known only when its state and all that came before now have come. */
function useUnknownSymbol(symbol: string | null): Notice | null {
  const unknown = useSelected(({ connection, live, loaded }) => {
    const names = loaded && connection.name === "live" ? Object.keys(live.symbols) : [];
    return names.length > 0 && symbol !== null && !names.includes(symbol);
  });
  return unknown && symbol !== null ? unknownWords(symbol) : null;
}

/** Which lanes there are is known only when the recorder has said so. */
function useUnknownLane(lane: string | null): Notice | null {
  const lanes = useLanes();
  if (lanes === null || lane === null || lanes.some(({ name }) => name === lane)) return null;
  return unknownLaneWords(lane);
}

/** Compares the state that a link names with this log's, and again when the log becomes another one. */
function useComparedState(
  { position, state }: Address,
  stateHash: (position: number) => Promise<string>,
  tell: (notice: Notice) => void,
): void {
  const epoch = useSelected((snapshot) => snapshot.epoch);
  // How long the log is, is known only when all that came before now has come.
  const beyond = useSelected(
    ({ connection, position: head }) =>
      connection.name === "live" && position !== null && position > head,
  );
  useEffect(() => {
    if (beyond && state === null) tell(BEYOND);
  }, [beyond, state, tell]);
  useEffect(() => {
    if (epoch === null || state === null || position === null) return;
    let wanted = true;
    void settled(stateHash, position).then((hash) => {
      if (wanted) tell(comparedWords(state, hash));
    });
    return () => {
      wanted = false;
    };
  }, [epoch, position, state, stateHash, tell]);
}

/** The hash, or null where it cannot be read. */
async function settled(
  stateHash: (position: number) => Promise<string>,
  position: number,
): Promise<string | null> {
  try {
    return (await stateHash(position)) || null;
  } catch {
    return null;
  }
}

/** A whole link; nothing else of this page's address goes with it. */
function linkTo(address: Address): string {
  const url = new URL(window.location.pathname, window.location.origin);
  url.search = formatAddress(address);
  return url.href;
}
