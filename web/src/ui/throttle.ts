/** Passes values on, at most one in a stretch of time; the newest is never lost. */
export interface Throttle<T> {
  call(value: T): void;
  /** What still waits goes out now. */
  flush(): void;
  /** What still waits is dropped. */
  cancel(): void;
}

/** Passes the first value on at once and the newest of each `ms` milliseconds after that. */
export function throttle<T>(ms: number, run: (value: T) => void): Throttle<T> {
  let waiting: { readonly value: T } | null = null;
  let timer: ReturnType<typeof setTimeout> | null = null;

  const send = (): void => {
    timer = null;
    if (!waiting) return;
    const { value } = waiting;
    waiting = null;
    timer = setTimeout(send, ms);
    run(value);
  };
  const cancel = (): void => {
    waiting = null;
  };
  return {
    call: (value) => {
      waiting = { value };
      if (timer === null) send();
    },
    flush: () => {
      if (timer !== null) clearTimeout(timer);
      send();
    },
    cancel,
  };
}
