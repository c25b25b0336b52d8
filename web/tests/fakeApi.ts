import type { Api } from "../src/synapse/api";

const never = (): Promise<never> => new Promise<never>(() => {});

/** Who has no session may read: nothing waits for a sign-in. */
const readNothing: Api["read"] = (path) =>
  path === "api/session" ? Promise.reject(new Error("there are no sessions")) : never();

/** A recorder that answers nothing, but for what the test gives. */
export function fakeApi(given: Partial<Api> = {}): Api {
  return new Proxy(given, {
    get: (known, name) => Reflect.get(known, name) ?? (name === "read" ? readNothing : never),
  }) as Api;
}
