import { describe, expect, it } from "vitest";
import { httpApi, parseEvents, Refusal, withQuery, wordsOf } from "../../src/synapse/api";
import { event } from "../samples";

const calls: { url: string; init: RequestInit }[] = [];

const server =
  (status: number, body: unknown): typeof fetch =>
  async (url, init) => {
    calls.push({ url: String(url), init: init ?? {} });
    const text = typeof body === "string" ? body : JSON.stringify(body);
    return new Response(text, { status });
  };

const api = (status: number, body: unknown) => httpApi("http://host/app/", server(status, body));

describe("the recorder over HTTP", () => {
  it("asks beside the page, and leaves out what is null", async () => {
    const found = await api(200, { head: 5, position: 3, bars: [] }).bars("^A B", {
      span: { from: 0, to: 60 },
      position: 3,
    });
    expect(found.position).toBe(3);
    expect(calls.at(-1)?.url).toBe(
      "http://host/app/api/bars?symbol=%5EA+B&since=1970-01-01T00%3A00%3A00.000Z" +
        "&until=1970-01-01T00%3A01%3A00.000Z&position=3&points=1500",
    );
    await api(200, { head: 5, bars: [] }).bars("SPX");
    expect(calls.at(-1)?.url).toBe("http://host/app/api/bars?symbol=SPX&points=1500");
    expect(withQuery("x", { a: null, b: 0 })).toBe("x?b=0");
  });

  it("writes JSON", async () => {
    expect(await api(200, { ok: 1 }).write("POST", "api/x", { a: 1 })).toEqual({ ok: 1 });
    const { init } = calls.at(-1) ?? {};
    expect(init).toMatchObject({ method: "POST", body: '{"a":1}' });
    expect(new Headers(init?.headers).get("content-type")).toBe("application/json");
    await api(200, {}).write("DELETE", "api/x");
    expect(calls.at(-1)?.init.body).toBeUndefined();
  });

  it("says in the recorder's own words why it was refused", async () => {
    const refused = await api(401, { detail: "this link has been used" })
      .write("POST", "api/session", {})
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Refusal);
    expect(wordsOf(refused)).toBe("This link has been used.");
    const broken = await api(502, "<html>").state().catch((error: unknown) => error);
    expect(wordsOf(broken)).toBe("The recorder answered 502.");
    expect(wordsOf(new TypeError("x"))).toBe("The recorder could not be reached.");
  });

  it("fails where the answer does not fit", async () => {
    await expect(api(200, { no: 1 }).state()).rejects.toThrow("does not fit");
  });

  it("passes over events that it does not know", () => {
    const known = event("price_update");
    expect(parseEvents({ events: [known, { type: "new_kind" }] })).toEqual([known]);
    expect(parseEvents({})).toBeNull();
  });
});
