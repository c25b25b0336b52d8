import { useEffect, useState } from "react";
import { useRegimeStream } from "../synapse/hooks";

/** Tells those who listen to the page that the chosen symbol's regime has changed. */
export function Announcer({ symbol }: { symbol: string }) {
  const { current } = useRegimeStream(symbol);
  const regime = current?.regime?.regime ?? null;
  const [known, setKnown] = useState({ symbol, regime });
  const [said, setSaid] = useState("");

  if (known.symbol !== symbol || known.regime !== regime) {
    setKnown({ symbol, regime });
    const shifted = known.symbol === symbol && known.regime !== null && regime !== null;
    setSaid(shifted ? `${symbol} has shifted from ${known.regime} to ${regime}.` : "");
  }

  useEffect(() => {
    document.title = regime ? `${symbol} ${regime} · Synapse` : "Synapse";
  }, [regime, symbol]);

  return (
    <p className="visually-hidden" aria-live="polite">
      {said}
    </p>
  );
}
