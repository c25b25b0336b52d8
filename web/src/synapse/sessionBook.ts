import { Refusal, wordsOf } from "./api";
import { canWrite, parseSession, READ_ONLY, type Session } from "./session";
import type { ShelfHost } from "./shelfHost";

/** What this browser may do at the recorder; the cookie that says so is out of the page's reach. */
export class SessionBook {
  canWrite = false;
  /** Why the link that opened the page did not sign it in. */
  problem: string | null = null;
  private asked = 0;

  constructor(private readonly host: ShelfHost) {}

  /** Asks what it may do; where that cannot be told, nothing but read. */
  async refresh(): Promise<void> {
    this.asked += 1;
    const { asked } = this;
    let session = READ_ONLY;
    try {
      session = await this.host.api.read("api/session", parseSession);
    } catch {
      // An older recorder has no sessions: it is only read.
    }
    if (asked === this.asked) this.become(session);
  }

  /** Signs in with the code of a launch link; a page that is signed in already needs none. */
  async launch(code: string): Promise<void> {
    const words = await this.open({ launch_code: code });
    if (words === null) return;
    await this.refresh();
    this.problem = this.canWrite ? null : words;
    this.host.onChange();
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
      return session ? null : "The recorder answered something that does not fit.";
    } catch (error) {
      return wordsOf(error);
    }
  }

  private become(session: Session): void {
    this.canWrite = canWrite(session);
    this.host.onChange();
  }
}
