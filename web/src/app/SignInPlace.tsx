import { Suspense, lazy } from "react";
import { Boundary } from "../ui/Boundary";
import { again } from "../ui/again";

const SignInPanel = lazy(() => again(() => import("../features/signin/SignInPanel")));

/** Where somebody signs in; loaded when somebody has to. */
export function SignInPlace() {
  return (
    <Boundary fallback={<p role="alert">The sign-in could not be loaded: reload this page.</p>}>
      <Suspense fallback={null}>
        <SignInPanel />
      </Suspense>
    </Boundary>
  );
}
