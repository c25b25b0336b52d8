/** Small guards that the generated ones are made of. Fields that a guard does not know do not matter. */
export type Check = (value: unknown) => boolean;

export const anything: Check = () => true;
export const text: Check = (value) => typeof value === "string";
export const flag: Check = (value) => typeof value === "boolean";
export const number: Check = (value) => Number.isFinite(value);
export const integer: Check = (value) => Number.isSafeInteger(value);
export const fraction: Check = (value) => number(value) && Number(value) >= 0 && Number(value) <= 1;
export const decimal: Check = (value) => text(value) && /^-?\d+(\.\d+)?$/.test(String(value));
export const time: Check = (value) => text(value) && !Number.isNaN(Date.parse(String(value)));

export const oneOf =
  (...options: readonly unknown[]): Check =>
  (value) =>
    options.includes(value);

export const nullable =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);

export const either =
  (...checks: readonly Check[]): Check =>
  (value) =>
    checks.some((check) => check(value));

export const list =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const map =
  (check: Check): Check =>
  (value) =>
    isObject(value) && Object.values(value).every(check);

export const record =
  (fields: Record<string, Check>): Check =>
  (value) =>
    isObject(value) && Object.entries(fields).every(([name, check]) => check(value[name]));

/** A message whose `type` is in the table and whose payload passes that type's check. */
export const typed =
  (payloads: Record<string, Check>): Check =>
  (value) =>
    isObject(value) &&
    Object.hasOwn(payloads, String(value.type)) &&
    payloads[String(value.type)]?.(value.payload) === true;

/** For the end of a switch: the compiler refuses it while a case is missing. */
export function assertNever(value: never): never {
  throw new Error(`not handled: ${JSON.stringify(value)}`);
}
