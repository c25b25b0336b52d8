import { useSelected, useSession } from "../../synapse/hooks";
import { Panel } from "../../ui/Panel";
import { TokenForm } from "../../ui/TokenForm";
import "./signin.css";

/** Lets somebody in who has a token: before anything is shown, or when what let them in is over. */
export default function SignInPanel() {
  const { linkProblem } = useSession();
  const connection = useSelected((snapshot) => snapshot.connection);
  const shows = useSelected(({ lastMessageAt, loaded }) => loaded || lastMessageAt !== null);
  const reason = connection.name === "signed_out" ? connection.reason : "";
  return (
    <Panel title={shows ? "Signed out" : "Sign in"} className="signin">
      <output>{reason}</output>
      <TokenForm label="Token" focus={!shows} />
      {linkProblem && <p className="token-problem">{linkProblem}</p>}
      <p className="quiet">
        {shows && "What is shown is as it was. "}
        The token is handed over once and not kept in this page. The command{" "}
        <code>synapse link</code> prints a link that signs in without one.
      </p>
    </Panel>
  );
}
