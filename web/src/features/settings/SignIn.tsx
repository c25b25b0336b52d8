import { CHANNEL_VALUES } from "../../synapse/generated";
import { useSession } from "../../synapse/hooks";
import { TokenForm } from "../../ui/TokenForm";
import { words } from "../../ui/format";
import { useFormat } from "../../ui/useFormat";

/** Lets who has a token do what it allows, and sign out again. */
export function SignIn() {
  const { isSignedIn, scopes, signOut } = useSession();
  return (
    <section className="settings-part">
      <h3>Sign-in</h3>
      {isSignedIn ? (
        <>
          <SignedIn />
          <button type="button" className="button" onClick={() => void signOut()}>
            Sign out
          </button>
        </>
      ) : (
        <>
          <p className="quiet">
            {scopes.includes("read")
              ? "Here reading needs no token. To acknowledge alerts, sign in with one that may write."
              : "Here reading needs a token. To acknowledge alerts, it must be one that may write."}
          </p>
          <TokenForm label="Token" />
        </>
      )}
    </section>
  );
}

/** What the session may do, with which channels, and until when. */
function SignedIn() {
  const { canWrite, channels, endsAt, scopes } = useSession();
  const { moment } = useFormat();
  const isNarrowed = channels.length < CHANNEL_VALUES.length;
  return (
    <p className="quiet">
      Signed in: this browser may {listed(scopes)}.
      {isNarrowed && ` Only these channels: ${channels.map(words).join(", ")}.`}
      {scopes.includes("write") &&
        (canWrite ? " It may acknowledge alerts." : " It may not acknowledge alerts.")}
      {endsAt && (
        <>
          {" "}
          Until <time dateTime={endsAt}>{moment(endsAt)}</time>.
        </>
      )}
    </p>
  );
}

const DEEDS: ReadonlyMap<string, string> = new Map([["admin", "administer"]]);

/** `read, write and administer`. */
function listed(scopes: readonly string[]): string {
  const deeds = scopes.map((scope) => DEEDS.get(scope) ?? scope);
  const last = deeds.pop() ?? "do nothing";
  return deeds.length > 0 ? `${deeds.join(", ")} and ${last}` : last;
}
