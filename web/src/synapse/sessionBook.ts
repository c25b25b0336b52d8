import { type Api, Refusal, wordsOf } from "./api";
import { canRead, canWrite, parseSession, READ_ONLY, type Session } from "./session";

interface SessionHost {
  readonly api: Api;
  /** The session is known, or another one. */
  onSession(session: Session): void;
}

/** What this browser may do at the recorder; the cookie that says so is out of the page's reach. */
export class SessionBook {
  /** Null while it is not known. */
  current: Session | null = null;
  /** Why the link that opened the page did not sign it in. */
  problem: string | null = null;
  private asked = 0;
  private newest: Promise<void> = Promise.resolve();

  constructor(private readonly host: SessionHost) {}

  get canWrite(): boolean {
    return this.current !== null && canWrite(this.current);
  }

  /** Asks what it may do; where that cannot be told now, it is as it was. Who asked earlier waits for the newest answer. */
  async refresh(): Promise<void> {
    const mine = this.ask();
    this.newest = mine;
    await mine;
    if (this.newest !== mine) await this.newest;
  }

  private async ask(): Promise<void> {
    this.asked += 1;
    const { asked } = this;
    let session: Session;
    try {
      session = await this.host.api.read("api/session", parseSession);
    } catch {
      // An older recorder has no sessions: it is only read. Another one refuses what it does not allow.
      session = this.current ?? READ_ONLY;
    }
    if (asked === this.asked) this.become(session);
  }

  /** Signs in with the code of a launch link; a page that is signed in already needs none. */
  async launch(code: string): Promise<void> {
    const words = await this.open({ launch_code: code });
    if (words === null) return;
    this.problem = words;
    await this.refresh();
    if (this.canWrite) this.problem = null;
  }

  /** Answers what is wrong, in plain words; null when it worked. */
  signIn = (token: string): Promise<string | null> => this.open({ token });

  signOut = async (): Promise<void> => {
    try {
      await this.host.api.write("DELETE", "api/session");
    } finally {
      await this.refresh();
    }
  };

  /** Writes something with the session; answers what is wrong, or null when it worked. */
  async write(path: string, body: unknown): Promise<string | null> {
    try {
      await this.host.api.write("POST", path, body);
      return null;
    } catch (error) {
      // The session may be over.
      if (error instanceof Refusal && error.status === 401) await this.refresh();
      return wordsOf(error);
    }
  }

  private async open(body: unknown): Promise<string | null> {
    try {
      const session = parseSession(await this.host.api.write("POST", "api/session", body));
      this.asked += 1;
      this.problem = null;
      this.become(session ?? READ_ONLY);
      if (!session) return "The recorder answered something that does not fit.";
      return canRead(session) ? null : "That token is right, but not for reading.";
    } catch (error) {
      return wordsOf(error);
    }
  }

  private become(session: Session): void {
    this.current = session;
    this.host.onSession(session);
  }
}
