import type { Api } from "../src/synapse/api";

const never = (): Promise<never> => new Promise<never>(() => {});

/** A recorder that answers nothing, but for what the test gives. */
export function fakeApi(given: Partial<Api> = {}): Api {
  return new Proxy(given, {
    get: (known, name) => Reflect.get(known, name) ?? never,
  }) as Api;
}
