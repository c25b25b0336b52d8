/** An alert or a trade on the chart; `at` in whole seconds since 1970. */
export interface Mark {
  readonly kind: "alert" | "trade";
  readonly id: string;
  readonly at: number;
  readonly position: number;
  readonly severity: "info" | "warning" | "critical" | null;
  readonly side: "buy" | "sell" | null;
  readonly text: string;
}
