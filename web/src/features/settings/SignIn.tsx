import { type FormEvent, useId, useState } from "react";
import { useSession } from "../../synapse/hooks";

/** Lets who has the recorder's write token acknowledge alerts; reading needs none. */
export function SignIn() {
  const { canWrite, signOut } = useSession();
  return (
    <section className="settings-part">
      <h3>Write access</h3>
      <p className="quiet">
        {canWrite
          ? "Signed in: this browser may acknowledge alerts."
          : "Sign in with the recorder's write token to acknowledge alerts. Reading needs none."}
      </p>
      {canWrite ? (
        <button type="button" className="button" onClick={() => void signOut()}>
          Sign out
        </button>
      ) : (
        <TokenForm />
      )}
    </section>
  );
}

function TokenForm() {
  const { signIn } = useSession();
  const id = useId();
  const [token, setToken] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    const problemNow = await signIn(token.trim());
    setBusy(false);
    setProblem(problemNow);
    if (problemNow === null) setToken("");
  };
  return (
    <form className="setting" onSubmit={(event) => void submit(event)}>
      <label htmlFor={id}>Write token</label>
      <span className="settings-token">
        <input
          id={id}
          type="password"
          autoComplete="off"
          required
          value={token}
          onChange={(event) => setToken(event.target.value)}
        />
        <button type="submit" className="button" disabled={busy || token.trim() === ""}>
          Sign in
        </button>
      </span>
      <output className="settings-problem">{problem}</output>
    </form>
  );
}
