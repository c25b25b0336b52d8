import { Door } from "./door";
import { type Errand, Errands } from "./errands";
import type { ReplaySnapshotPayload, ServerEvent } from "./generated";
import type { Machine, MachineControls, MomentAsked, Speed } from "./machine";
import { MomentHash } from "./momentHash";
import { Pace } from "./pace";
import type { Moment, PastHost } from "./pastHost";
import type { ReplayClient } from "./replayClient";
import type { ReplayListener } from "./replayStart";
import { Shown } from "./shown";
import { EMPTY_VIEW, type MarketView } from "./view";

/** The market at any moment of the past; while it is closed, it shows nothing. */
export class TimeMachine implements MachineControls, ReplayListener {
  private readonly door: Door;
  private machine: Machine | null = null;
  private isRead = true;
  private readonly errands: Errands;
  private readonly hash: MomentHash;
  private readonly pace: Pace;
  private readonly shown = new Shown();
  private problem: string | null = null;

  constructor(private readonly host: PastHost) {
    this.door = new Door(host, this);
    this.pace = new Pace(host, () => this.onChange());
    this.hash = new MomentHash(host, () => this.changed());
    this.errands = new Errands({
      api: host.api,
      episodes: (symbol) => host.episodes(symbol),
      target: () => this.door.client?.target ?? Infinity,
      go: (position) => this.go(position),
      goToShift: (way) => (this.door.client ?? this.go(Infinity)).jump(`replay_${way}_shift`),
      fail: (words) => this.fail(words),
      onChange: () => this.onChange(),
    });
  }

  /** Null while it is closed; the same object until something changes. */
  read(): Machine | null {
    if (!this.isRead) this.machine = this.door.isOpen ? this.made() : null;
    this.isRead = true;
    return this.machine;
  }

  get market(): MarketView {
    return this.shown.market;
  }

  /** The moment that is shown; null while it is still the present. */
  get moment(): Moment | null {
    return this.shown.landed ? this.door.place : null;
  }

  wake(): void {
    this.door.client?.wake();
  }

  goTo(moment: MomentAsked): void {
    this.begin();
    if ("position" in moment) this.goNow(moment.position);
    else this.look({ kind: "time", ...moment });
  }

  play(): void {
    this.door.plays = true;
    if (this.door.outgrown) this.step(1);
    this.opened()?.play();
  }

  pause(): void {
    this.door.plays = false;
    this.opened()?.pause();
  }

  step(events: number): void {
    this.begin();
    const { client, outgrown, place } = this.door;
    if (events < 0 || outgrown) this.goNow(Math.max(0, (client?.target ?? place.position) + events));
    else if (events > 0) this.opened()?.step(events);
  }

  stepBars(symbol: string, bars: number): void {
    if (bars !== 0) this.look({ kind: "bars", symbol, bars });
  }

  nextShift(symbol: string): void {
    this.look({ kind: "shift", symbol, way: "next" });
  }

  previousShift(symbol: string): void {
    this.look({ kind: "shift", symbol, way: "previous" });
  }

  setSpeed(speed: Speed): void {
    this.pace.chosen = speed;
    this.opened();
    this.onChange();
  }

  setSkipQuiet(on: boolean, symbol: string): void {
    this.pace.setSkip(on ? symbol : null);
    this.opened();
    this.onChange();
  }

  close(): void {
    this.errands.forget();
    this.hash.stand(null);
    const wasOpen = this.door.isOpen;
    this.door.close();
    this.shown.open(EMPTY_VIEW);
    this.problem = null;
    this.changed();
    if (wasOpen) this.host.onMoved();
  }

  onLanded(snapshot: ReplaySnapshotPayload): void {
    if (!this.shown.land(snapshot)) {
      return this.fail("The recorder's state does not fit this page: reload it.");
    }
    this.pace.jump();
    this.hash.set(snapshot.position, snapshot.state_hash);
    this.host.onMoved();
  }

  onEvent(event: ServerEvent): void {
    this.shown.take(event);
    this.pace.follow(event);
    this.host.onReplayed(event);
  }

  onChange(): void {
    const { client, place } = this.door;
    client?.setSpeed(this.pace.speed);
    const stands = client !== null && !this.moves && place.status !== "playing";
    this.hash.stand(stands ? place.position : null);
    this.changed();
  }

  private get moves(): boolean {
    return this.errands.pending || (this.door.client?.jumping ?? true);
  }

  /** From here on, what is shown is not live. */
  private begin(): void {
    this.problem = null;
    if (!this.door.isOpen) this.shown.open(this.host.present().market);
    this.door.open();
    this.changed();
  }

  /** The replay, opened at the head if nothing says where; null while its place is looked up. */
  private opened(): ReplayClient | null {
    this.begin();
    return this.door.client ?? (this.errands.pending ? null : this.go(Infinity));
  }

  private goNow(position: number): void {
    this.errands.forget();
    this.go(position);
  }

  private go(position: number): ReplayClient {
    return this.door.go(position, this.pace.chosen);
  }

  private look(errand: Errand): void {
    this.begin();
    this.errands.ask(errand);
  }

  private fail(words: string): void {
    this.problem = words;
    if (!this.door.client) this.go(Infinity);
    this.changed();
  }

  private made(): Machine {
    const { client, place } = this.door;
    const status = this.moves ? "loading" : place.status;
    return {
      status: client?.refused ? "failed" : status,
      position: place.position,
      end: place.end ?? place.position,
      clock: place.clock,
      speed: this.pace.chosen,
      skipQuiet: this.pace.skips,
      skipping: status === "playing" && this.pace.hurries,
      stateHash: status === "playing" ? null : this.hash.at(place.position),
      lastEvent: this.shown.lastEvent,
      problem: this.problem ?? client?.problem ?? null,
    };
  }

  private changed(): void {
    this.isRead = false;
    this.host.onChange();
  }
}
