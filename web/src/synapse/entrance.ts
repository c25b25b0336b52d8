import { type Api, Refusal } from "./api";
import type { SynapseClient } from "./client";
import { CHANNEL_VALUES, type Channel } from "./generated";
import { canRead, isSameSession, type Session } from "./session";
import { SessionBook } from "./sessionBook";
import type { ClientWorld } from "./world";

export const WANTS_A_TOKEN = "This recorder shows its log to those who have a token.";
export const IS_OVER = "The sign-in is over: it has expired, or was taken back.";

interface EntranceHost {
  readonly world: ClientWorld;
  /** The recorder, as it answers. */
  readonly api: Api;
  readonly client: Pick<SynapseClient, "admit" | "connection" | "shutOut">;
  onChange(): void;
}

/** Lets the page in: the one socket asks for what the session shows, and for nothing once it is over. */
export class Entrance {
  readonly session: SessionBook;
  /** The recorder, whose reads wait while somebody has to sign in. */
  readonly api: Api;
  private launching: Promise<void> | null = null;
  /** Over once it is known what the page may see. */
  private known: Promise<void> = Promise.resolve();
  /** What the page was let in with; null where it has to be let in anew. */
  private admitted: Session | null = null;
  private shown: readonly Channel[] | null = null;
  private waiting: (() => void)[] = [];

  constructor(private readonly host: EntranceHost) {
    const { api } = host;
    const onSession = (session: Session): void => this.become(session);
    this.session = new SessionBook({ api, onSession });
    this.api = {
      ...api,
      state: () => this.patiently(() => api.state()),
      bars: (...asked) => this.patiently(() => api.bars(...asked)),
      read: (...asked) => this.patiently(() => api.read(...asked)),
      write: (...sent) => api.write(...sent),
    };
  }

  /** What the page shows of the log: as before, while somebody has to sign in again. */
  get channels(): readonly Channel[] {
    return this.shown ?? CHANNEL_VALUES;
  }

  /** Redeems the code of a launch link; who opens the page waits for it, and an open page goes on with it. */
  launch = (code: string): void => {
    // Whoever follows a link wants in, also with the very session that was turned away before.
    this.admitted = null;
    this.launching = this.known = this.session.launch(code);
  };

  /** Finds out what the page may see. It follows the log at once, or with the new cookie that is on its way. */
  async open(follow: () => void): Promise<void> {
    const { launching } = this;
    this.launching = null;
    this.known = launching ?? this.session.refresh();
    if (!launching) follow();
    await this.known;
    if (launching) follow();
  }

  signIn = (token: string): Promise<string | null> => {
    // Whoever signs in wants in, also with the very session that was turned away before.
    this.admitted = null;
    return this.session.signIn(token);
  };

  /** What was shown is gone where reading needs a sign-in. */
  signOut = async (): Promise<void> => {
    await this.session.signOut();
    const { current } = this.session;
    if (current && !canRead(current)) this.host.world.reload();
  };

  private become(session: Session): void {
    const { admitted, host, shown } = this;
    const { channels } = session;
    host.onChange();
    if (!canRead(session)) return host.client.shutOut(shown ? IS_OVER : WANTS_A_TOKEN);
    const isOut = host.client.connection.name === "signed_out";
    // It was turned away with this very session: to come again would not help.
    if (isOut && admitted && isSameSession(admitted, session)) return undefined;
    // What is shown is of other channels.
    if (shown && `${shown}` !== `${channels}`) return host.world.reload();
    this.admitted = session;
    this.shown = channels;
    host.client.admit(channels);
    for (const go of this.waiting.splice(0)) go();
    return undefined;
  }

  private async patiently<T>(ask: () => Promise<T>): Promise<T> {
    await this.known;
    // What is known to be refused is not asked.
    await this.letIn();
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof Refusal) || error.status !== 401) throw error;
      await this.session.refresh();
      await this.letIn();
      return ask();
    }
  }

  /** Waits until the session may read. */
  private async letIn(): Promise<void> {
    const { current } = this.session;
    if (!current || canRead(current)) return;
    await new Promise<void>((go) => this.waiting.push(go));
  }
}
