import type { Machine, MachineControls } from "./machine";
import type { Moment, PastHost } from "./pastHost";
import type { TimeMachine } from "./timeMachine";
import type { MarketView } from "./view";

type Load = () => Promise<{ TimeMachine: new (host: PastHost) => TimeMachine }>;
type Act = (machine: TimeMachine) => void;

/** Stands for the time machine, which is loaded when it is first used. */
export class MachineHost {
  /** Why it cannot be used, or why it was closed. */
  problem: string | null = null;
  readonly controls: MachineControls;
  private machine: TimeMachine | null = null;
  private waiting: Act[] | null = null;

  constructor(
    private readonly host: PastHost,
    private readonly load: Load = () => import("./timeMachine"),
  ) {
    const ask = (act: Act): void => this.ask(act);
    this.controls = {
      goTo: (moment) => ask((one) => one.goTo(moment)),
      play: () => ask((one) => one.play()),
      pause: () => ask((one) => one.pause()),
      step: (events) => ask((one) => one.step(events)),
      stepBars: (symbol, bars) => ask((one) => one.stepBars(symbol, bars)),
      nextShift: (symbol) => ask((one) => one.nextShift(symbol)),
      previousShift: (symbol) => ask((one) => one.previousShift(symbol)),
      setSpeed: (speed) => ask((one) => one.setSpeed(speed)),
      setSkipQuiet: (on, symbol) => ask((one) => one.setSkipQuiet(on, symbol)),
      close: () => this.close(null),
    };
  }

  read(): Machine | null {
    return this.machine?.read() ?? null;
  }

  /** What is shown while it is open. */
  get market(): MarketView | null {
    return this.read() && (this.machine?.market ?? null);
  }

  get moment(): Moment | null {
    return this.machine?.moment ?? null;
  }

  wake(): void {
    this.machine?.wake();
  }

  /** Back to live; `words` say why, if nobody asked for it. */
  close(words: string | null): void {
    if (words === null || this.read()) this.problem = words;
    this.waiting = this.waiting && [];
    this.machine?.close();
    this.host.onChange();
  }

  private ask(act: Act): void {
    this.problem = null;
    if (this.machine) act(this.machine);
    else if (this.waiting) this.waiting.push(act);
    else {
      this.waiting = [act];
      void this.fetch();
    }
  }

  private async fetch(): Promise<void> {
    try {
      const { TimeMachine } = await this.load();
      this.machine = new TimeMachine(this.host);
      for (const act of this.waiting ?? []) act(this.machine);
    } catch (error) {
      this.host.world.warn(String(error));
      this.problem = "The time machine could not be loaded. Try again, or reload this page.";
    }
    this.waiting = null;
    this.host.onChange();
  }
}
