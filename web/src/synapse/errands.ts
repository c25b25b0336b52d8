import { type Api, wordsOf } from "./api";
import type { Episode } from "./episodes";
import { barsFrom, positionAt, shiftFrom } from "./moments";

/** A place that has to be looked up. */
export type Errand =
  | { readonly kind: "time"; readonly time: string; readonly symbol: string }
  | { readonly kind: "bars"; readonly symbol: string; readonly bars: number }
  | { readonly kind: "shift"; readonly symbol: string; readonly way: "next" | "previous" };

export interface ErrandHost {
  readonly api: Api;
  episodes(symbol: string): Promise<readonly Episode[]>;
  /** Where the machine will stand; infinite from live. */
  target(): number;
  go(position: number): void;
  /** To a shift of any symbol: its episodes could not be read. */
  goToShift(way: "next" | "previous"): void;
  fail(words: string): void;
  /** Nothing is being looked up any more. */
  onChange(): void;
}

/** Looks places up, one at a time: of many that are asked for meanwhile, the newest. */
export class Errands {
  private next: Errand | null = null;
  private running: symbol | null = null;

  constructor(private readonly host: ErrandHost) {}

  get pending(): boolean {
    return this.running !== null;
  }

  ask(errand: Errand): void {
    const { next } = this;
    const isMore = next?.kind === "bars" && errand.kind === "bars" && next.symbol === errand.symbol;
    this.next = isMore ? { ...errand, bars: next.bars + errand.bars } : errand;
    if (!this.running) void this.run();
  }

  /** Something else is wanted: what is being looked up leads nowhere. */
  forget(): void {
    this.next = null;
    this.running = null;
  }

  private async run(): Promise<void> {
    const errand = this.next;
    const me = errand && Symbol(errand.kind);
    this.running = me;
    this.next = null;
    if (!errand) return this.host.onChange();
    const arrive = await this.lookUp(errand);
    if (this.running !== me) return undefined;
    // A newer time makes this one pointless; bars are counted from where this one leads.
    const isOvertaken = errand.kind === "time" && this.next !== null;
    if (!isOvertaken) arrive();
    return this.run();
  }

  private async lookUp(errand: Errand): Promise<() => void> {
    const { host } = this;
    try {
      if (errand.kind === "shift") return await this.shift(errand.symbol, errand.way);
      const position =
        errand.kind === "time"
          ? await positionAt(host.api, errand.symbol, errand.time)
          : await barsFrom(host.api, errand.symbol, host.target(), errand.bars);
      if (position !== null) return () => host.go(position);
      return () => host.fail(`There is no other price of ${errand.symbol} that way.`);
    } catch (error) {
      return () => host.fail(wordsOf(error));
    }
  }

  private async shift(symbol: string, way: "next" | "previous"): Promise<() => void> {
    const { host } = this;
    let episodes: readonly Episode[];
    try {
      episodes = await host.episodes(symbol);
    } catch {
      return () => host.goToShift(way);
    }
    const position = shiftFrom(episodes, host.target(), way);
    if (position !== null) return () => host.go(position);
    const when = way === "next" ? "later" : "earlier";
    return () => host.fail(`${symbol} has no ${when} shift.`);
  }
}
