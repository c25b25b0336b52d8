const REACH = 36;

/** A value to the left or the right of nothing; `widest` is what fills one side. */
export function Needle({ value, widest }: { value: number; widest: number }) {
  const length = (REACH * Math.min(widest, Math.abs(value))) / widest;
  return (
    <svg className="needle" viewBox="0 0 72 8" aria-hidden="true">
      <path d="M36 0v8" />
      <rect x={value < 0 ? REACH - length : REACH} y="2" width={length} height="4" rx="1" />
    </svg>
  );
}
