const STEP_EVENTS_MAX = 10_000;

/** Steps of one replay: those that come while one is carried out are made one. */
export class Steps {
  private events = 0;
  private id: string | null = null;

  get pending(): boolean {
    return this.id !== null || this.events > 0;
  }

  want(events: number): void {
    this.events += events;
  }

  /** Nothing more of what was wanted; a step that was sent is carried out. */
  forget(): void {
    this.events = 0;
  }

  /** Another start: nothing that was sent will be answered. */
  reset(): void {
    this.events = 0;
    this.id = null;
  }

  /** What is to be sent now, by `send`, which answers the message's id. */
  pump(send: (events: number) => string): void {
    if (this.events === 0 || this.id !== null) return;
    const events = Math.min(this.events, STEP_EVENTS_MAX);
    this.events -= events;
    this.id = send(events);
  }

  /** A message was answered, perhaps the step. */
  answered(id: string | null): void {
    if (id === this.id) this.id = null;
  }
}
