import type { Shelf } from "./shelf";
import type { ShelfHost } from "./shelfHost";

/** Stands for the shelf, which is loaded when something is first asked of it. */
export class LateShelf {
  /** Null until it is loaded. */
  shelf: Shelf | null = null;
  /** Why it is not. */
  problem: string | null = null;
  private loading: Promise<Shelf> | null = null;

  constructor(private readonly host: ShelfHost) {}

  open(): Promise<Shelf> {
    this.loading ??= this.load();
    return this.loading;
  }

  private async load(): Promise<Shelf> {
    try {
      const { Shelf } = await import("./shelf");
      this.shelf = new Shelf(this.host);
      this.problem = null;
      return this.shelf;
    } catch (error) {
      this.loading = null;
      this.problem = "A part of this page could not be loaded: reload it.";
      this.host.world.warn(String(error));
      this.host.onChange();
      throw error;
    }
  }
}
