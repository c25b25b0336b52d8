import type { Api } from "./api";
import type { Moment } from "./pastHost";
import type { SymbolView } from "./view";
import type { ClientWorld } from "./world";

/** What the books need of the tab. */
export interface ShelfHost {
  readonly world: ClientWorld;
  readonly api: Api;
  /** The moment of the past that is shown; null while live. */
  moment(): Moment | null;
  /** The position of what is shown; null while live. */
  shown(): number | null;
  /** The newest price of a symbol, live. */
  price(symbol: string): string | null;
  /** A symbol as it is shown, of the past or live. */
  symbol(symbol: string): SymbolView | null;
  onChange(): void;
}
