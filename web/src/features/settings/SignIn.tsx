import { useSession } from "../../synapse/hooks";
import { TokenForm } from "../../ui/TokenForm";
import { useFormat } from "../../ui/useFormat";

/** Lets who has a token do what it allows, and sign out again. */
export function SignIn() {
  const { canWrite, endsAt, isSignedIn, signOut } = useSession();
  const { moment } = useFormat();
  return (
    <section className="settings-part">
      <h3>Write access</h3>
      {isSignedIn ? (
        <>
          <p className="quiet">
            {canWrite
              ? "Signed in: this browser may acknowledge alerts."
              : "Signed in: this browser may read."}
            {endsAt && (
              <>
                {" "}
                Until <time dateTime={endsAt}>{moment(endsAt)}</time>.
              </>
            )}
          </p>
          <button type="button" className="button" onClick={() => void signOut()}>
            Sign out
          </button>
        </>
      ) : (
        <>
          <p className="quiet">
            Sign in with a token that may write to acknowledge alerts. Here reading needs none.
          </p>
          <TokenForm label="Write token" />
        </>
      )}
    </section>
  );
}
