import { type FormEvent, useEffect, useId, useRef, useState } from "react";
import { useSession } from "../synapse/hooks";
import "./button.css";
import "./token.css";

interface TokenFormProps {
  readonly label: string;
  /** Whether it is what somebody came for, so that they may type at once. */
  readonly focus?: boolean;
}

/** Signs in with a token, or says in the recorder's words why not. */
export function TokenForm({ label, focus = false }: TokenFormProps) {
  const { signIn } = useSession();
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const [token, setToken] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    if (focus) field.current?.focus();
  }, [focus]);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (busy || token.trim() === "") return;
    setBusy(true);
    const problemNow = await signIn(token.trim());
    setBusy(false);
    setProblem(problemNow);
    if (problemNow === null) setToken("");
    else field.current?.select();
  };
  return (
    <form className="token-form" onSubmit={(event) => void submit(event)}>
      <label htmlFor={id}>{label}</label>
      <span className="token-line">
        <input
          id={id}
          ref={field}
          type="password"
          autoComplete="off"
          required
          aria-invalid={problem !== null}
          aria-describedby={`${id}-problem`}
          value={token}
          onChange={(event) => setToken(event.target.value)}
        />
        <button type="submit" className="button" disabled={busy || token.trim() === ""}>
          Sign in
        </button>
      </span>
      <output id={`${id}-problem`} className="token-problem">
        {problem}
      </output>
    </form>
  );
}
