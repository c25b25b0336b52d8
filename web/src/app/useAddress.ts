import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { type LaneChoice, useMachine, useSelected } from "../synapse/hooks";
import type { Machine } from "../synapse/machine";
import { throttle } from "../ui/throttle";
import { type Address, type ParsedAddress, formatAddress, parseAddress, sameMoment } from "./address";
import type { Notice } from "./linkWords";
import { useLaneChoice } from "./useLaneChoice";
import { useLinkNotice } from "./useLinkNotice";

const FIRST_CHOICE = "SPX";
/** Browsers limit how often a page may write its address. */
export const ADDRESS_MS = 500;

/** The symbol that the address names, else SPX, else the first there is; null while there is none. */
export function choose(wanted: string | null, symbols: readonly string[]): string | null {
  if (wanted) return wanted;
  return symbols.includes(FIRST_CHOICE) ? FIRST_CHOICE : (symbols[0] ?? null);
}

/** What the address decides, and what is said of it. */
export interface AddressBar {
  readonly symbol: string | null;
  readonly choose: (symbol: string) => void;
  /** The position that is pinned to compare. */
  readonly compare: number | null;
  readonly pin: (position: number | null) => void;
  /** Null where the recorder has no lanes. */
  readonly lanes: LaneChoice | null;
  /** Copies a link to the shown moment, with its state's hash. */
  readonly copyLink: () => void;
  readonly notice: Notice | null;
  /** A link that the person has to copy by hand. */
  readonly link: string | null;
  readonly closeNotice: () => void;
}

/** Opens the moment that the address names, and keeps the address up to date with what is shown. */
export function useAddress(symbols: readonly string[]): AddressBar {
  const { machine } = useMachine();
  const [opened, setOpened] = useState(() => parseAddress(window.location.search));
  const [wanted, setWanted] = useState(opened.address.symbol);
  const [compare, pin] = useState(opened.address.compare);
  const { addressed: lane, choice: lanes, open: openLane } = useLaneChoice(opened.address.lane);
  const symbol = choose(wanted, symbols);
  const head = useSelected(({ position }) => position);
  const notices = useLinkNotice(opened);
  const back = useCallback((parsed: ParsedAddress): void => {
    setOpened(parsed);
    setWanted(parsed.address.symbol);
    pin(parsed.address.compare);
    openLane(parsed.address.lane);
  }, [openLane]);
  // While live, the first symbol is chosen anew each time, as long as nobody has chosen another.
  useKeptAddress(opened.address, { symbol: machine ? symbol : wanted, compare, lane }, back);

  const { copy } = notices;
  const copyLink = (): void => {
    const position = machine?.position ?? head;
    const speed = machine?.speed ?? null;
    copy({ symbol, position, compare, speed, state: machine?.stateHash ?? null, lane });
  };
  return {
    symbol,
    choose: setWanted,
    compare,
    pin,
    lanes,
    copyLink,
    notice: notices.notice,
    link: notices.link,
    closeNotice: notices.close,
  };
}

/** What the address says beside the moment. */
type Chosen = Pick<Address, "symbol" | "compare" | "lane">;

/** Goes where the opened address says, then keeps the address up to date; `onBack` is told of what the browser goes back to. */
function useKeptAddress(
  opened: Address,
  { symbol, compare, lane }: Chosen,
  onBack: (parsed: ParsedAddress) => void,
): void {
  const { machine, controls } = useMachine();
  const known = useSelected(({ epoch }) => epoch !== null);
  const replay = machine !== null;
  const done = useRef<Address | null>(null);
  /** Whether a replay (true) or its end (false) is on its way; null: neither. */
  const awaited = useRef<boolean | null>(opened.position === null ? null : true);
  const writer = useMemo(() => throttle<Address>(ADDRESS_MS, write), []);

  useEffect(() => {
    // Only when the recorder has told which log it has, a position means anything.
    if (!known || done.current === opened) return;
    const first = done.current === null;
    done.current = opened;
    if (opened.position !== null) {
      awaited.current = true;
      controls.goTo({ position: opened.position });
      if (opened.speed !== null) controls.setSpeed(opened.speed);
    } else if (!first && replay) {
      awaited.current = false;
      controls.close();
    }
  }, [controls, known, opened, replay]);

  useEffect(() => {
    if (awaited.current !== null && awaited.current !== (machine !== null)) return;
    awaited.current = null;
    writer.call(addressOf(machine, { symbol, compare, lane }));
  }, [compare, lane, machine, symbol, writer]);

  useEffect(() => {
    const back = (): void => {
      writer.cancel();
      onBack(parseAddress(window.location.search));
    };
    window.addEventListener("popstate", back);
    return () => window.removeEventListener("popstate", back);
  }, [onBack, writer]);
}

/** The address of what is shown; while it moves, the position stays as it was at the last rest. */
function addressOf(machine: Machine | null, chosen: Chosen): Address {
  if (!machine) return { ...chosen, position: null, speed: null, state: null };
  const { address } = parseAddress(window.location.search);
  const rests = machine.status === "paused" || machine.status === "finished";
  const position = rests ? machine.position : address.position;
  const speed = position === null ? null : machine.speed;
  return { ...chosen, position, speed, state: null };
}

/** Writes the address. Another symbol, or a way into the past or out of it, can be gone back from. */
function write(next: Address): void {
  const url = new URL(window.location.href);
  const { address: now } = parseAddress(url.search);
  if (sameMoment(next, now)) return;
  const another = next.symbol !== now.symbol && now.symbol !== null;
  const way = (next.position === null) !== (now.position === null);
  url.search = formatAddress(next, url.search);
  if (another || way) window.history.pushState(null, "", url);
  else window.history.replaceState(null, "", url);
}

