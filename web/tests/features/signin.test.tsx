import { act, cleanup, fireEvent, screen } from "@testing-library/preact";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import SignInPanel from "../../src/features/signin/SignInPanel";
import { renderWithStore } from "../withStore";
import { enter } from "../fire";

const page = vi.hoisted(() => ({
  connection: { name: "signed_out", reason: "It wants a token." },
  lastMessageAt: null as number | null,
  loaded: false,
  words: null as string | null,
  linkProblem: null as string | null,
  tokens: [] as string[],
}));

vi.mock("../../src/synapse/hooks", async (load) => ({
  ...(await load<object>()),
  useSelected: (select: (snapshot: object) => unknown) => select(page),
  useSession: () => ({
    linkProblem: page.linkProblem,
    signIn: async (token: string) => {
      page.tokens.push(token);
      return page.words;
    },
  }),
}));

beforeEach(() => {
  Object.assign(page, { lastMessageAt: null, loaded: false, words: null, linkProblem: null, tokens: [] });
});

afterEach(cleanup);

const field = (): HTMLInputElement => screen.getByLabelText("Token");

async function submit(token: string): Promise<void> {
  enter(field(), token);
  await act(async () => {
    fireEvent.submit(field().closest("form")!);
  });
}

it("asks for a token, which nobody sees and no browser keeps, and can be typed at once", async () => {
  renderWithStore(<SignInPanel />);
  expect(screen.getByRole("region", { name: "Sign in" }).textContent).toContain("It wants a token.");
  expect([field().type, field().autocomplete]).toEqual(["password", "off"]);
  expect(document.activeElement).toBe(field());
  await submit(" t ");
  expect(page.tokens).toEqual(["t"]);
  expect(field().value).toBe("");
});

it("says in the recorder's words why a token does not sign in", async () => {
  page.words = "that token is wrong, over or revoked";
  renderWithStore(<SignInPanel />);
  expect(field().getAttribute("aria-invalid")).toBe("false");
  await submit("x");
  const told = screen.getByText(page.words);
  expect(field().getAttribute("aria-invalid")).toBe("true");
  expect(field().getAttribute("aria-describedby")).toBe(told.id);
  expect(field().value).toBe("x");
});

it("sends nothing while there is nothing to send", async () => {
  renderWithStore(<SignInPanel />);
  await submit("  ");
  expect(page.tokens).toEqual([]);
});

it("leaves the focus where it is while something is shown, and says that it is as it was", () => {
  Object.assign(page, { lastMessageAt: 1, loaded: true });
  renderWithStore(<SignInPanel />);
  expect(screen.getByRole("region", { name: "Signed out" }).textContent).toContain("as it was");
  expect(document.activeElement).toBe(document.body);
});

it("says why a launch link did not sign in", () => {
  page.linkProblem = "this link has been used";
  renderWithStore(<SignInPanel />);
  expect(screen.getByText("this link has been used")).toBeTruthy();
});
