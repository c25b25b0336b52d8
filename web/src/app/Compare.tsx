import { Suspense, lazy, useState } from "react";
import type { Machine } from "../synapse/machine";
import { Boundary } from "../ui/Boundary";
import type { AddressBar } from "./useAddress";

const ComparePanel = lazy(() => import("../features/compare/ComparePanel"));

interface CompareProps {
  readonly symbol: string;
  readonly address: AddressBar;
  readonly machine: Machine | null;
}

/** The comparison with the pinned moment; nothing while none is pinned. Loaded when it is first wanted. */
export function Compare({ symbol, address, machine }: CompareProps) {
  const shown = useRest(machine);
  const { compare, pin } = address;
  if (compare === null) return null;
  return (
    <Boundary fallback={null}>
      <Suspense fallback={null}>
        <ComparePanel symbol={symbol} pinned={compare} shown={shown} onClose={() => pin(null)} />
      </Suspense>
    </Boundary>
  );
}

/** The position where the time machine rests, or rested last while it moves; null while live. */
function useRest(machine: Machine | null): number | null {
  const [rest, setRest] = useState<number | null>(null);
  const rests = machine?.status === "paused" || machine?.status === "finished";
  const now = machine === null ? null : rests || rest === null ? machine.position : rest;
  if (now !== rest) setRest(now);
  return now;
}
