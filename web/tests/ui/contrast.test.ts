import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { PAGE_COLOURS } from "../../src/app/applySettings";
import { background, contrast, declarations, distance, tokens } from "./colours";

// Read from the disk: vitest leaves style sheets out.
const SOURCE = join(import.meta.dirname, "../../src");
const SHEETS = readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".css"))
  .map((path) => readFileSync(join(SOURCE, path), "utf8"));
const TOKENS = readFileSync(join(SOURCE, "app/tokens.css"), "utf8");

const TEXT_AA = 4.5;
const GRAPHIC_AA = 3;
/** How far CRASH must be from BEAR in OKLab: the issue's own light colours are 0.041 apart. */
const DISTINCT = 0.04;
const REGIMES = ["bull", "bear", "crash", "sideways"];
const WORDS = ["text", "muted", "stale", "focus", "good", "alarm", ...REGIMES];
const GROUNDS = ["card", "page"];

const LOOKS = (["dark", "light"] as const).flatMap((theme) =>
  (["green_up", "red_up"] as const).map((colours) => ({ theme, colours })),
);

/** `--state: var(--crash)` in any sheet: what a variable may stand for, down to the tokens. */
const aliases = new Map<string, Set<string>>();
const rules = SHEETS.flatMap(declarations);
for (const { property, value } of rules.filter((rule) => rule.property.startsWith("--"))) {
  const name = property.slice(2);
  const [, other] = /^var\(--([\w-]+)/.exec(value) ?? [];
  if (other) aliases.set(name, (aliases.get(name) ?? new Set()).add(other));
}

function standsFor(name: string, seen: readonly string[] = []): readonly string[] {
  const others = [...(aliases.get(name) ?? [])].filter((other) => !seen.includes(other));
  if (others.length === 0) return [name];
  return [...new Set(others.flatMap((other) => standsFor(other, [...seen, name])))];
}

/** Every tint that some sheet puts behind text: the share of each colour, over card or page. */
const tints = rules
  .filter(({ property }) => property === "background" || property === "background-color")
  .flatMap(({ value }) => {
    const mix = /color-mix\(in srgb, var\(--([\w-]+)[^%]*?\)* (\d+)%, (var\(--page\))?/.exec(value);
    const [, name, share, page] = mix ?? [];
    if (!name || !share) return [];
    const ground = page ? "page" : "card";
    return standsFor(name).map((colour) => ({ name, colour, share: Number(share) / 100, ground }));
  });

/** A tint this strong is no ground for text but a mark of its own: a band, a bar, a backdrop. */
const SOLID = 0.3;

describe.each(LOOKS)("in $theme, $colours", ({ theme, colours }) => {
  const colour = tokens(TOKENS, theme, colours);

  it.each(WORDS.flatMap((word) => GROUNDS.map((ground) => [word, ground] as const)))(
    "%s is readable on %s",
    (word, ground) => {
      expect(contrast(colour(word), colour(ground))).toBeGreaterThanOrEqual(TEXT_AA);
    },
  );

  it("text and the colour itself are readable on every tint", () => {
    const bad = tints
      .filter(({ share }) => share < SOLID)
      .flatMap(({ name, colour: tint, share, ground }) => {
        const behind = background(colour(tint), colour(ground), share);
        const own = name === "regime" ? [tint] : [];
        return ["text", "muted", ...own]
          .map((word) => ({ word, tint, share, is: contrast(colour(word), behind) }))
          .filter(({ is }) => is < TEXT_AA);
      });
    expect(bad).toEqual([]);
  });

  it("lines and focus are visible on card and page", () => {
    for (const ground of GROUNDS) {
      expect(contrast(colour("line"), colour(ground))).toBeGreaterThanOrEqual(GRAPHIC_AA);
      expect(contrast(colour("focus"), colour(ground))).toBeGreaterThanOrEqual(GRAPHIC_AA);
    }
  });

  it("a crash is not taken for a bear, nor a bear for a bull", () => {
    expect(distance(colour("crash"), colour("bear"))).toBeGreaterThanOrEqual(DISTINCT);
    expect(distance(colour("bull"), colour("bear"))).toBeGreaterThanOrEqual(5 * DISTINCT);
  });

  it("up is green or red as the reader chose, down is the other one", () => {
    const [red, green] = ["bull", "bear"].map((regime) => {
      const [r, g] = colour(regime);
      return r > g ? "red" : "green";
    });
    expect([red, green]).toEqual(colours === "red_up" ? ["red", "green"] : ["green", "red"]);
  });

  it("paints the browser's own bars like the page", () => {
    const [r, g, b] = colour("page");
    const hex = [r, g, b].map((part) => part.toString(16).padStart(2, "0")).join("");
    expect(PAGE_COLOURS[theme].toLowerCase()).toBe(`#${hex}`);
  });
});

it("every colour of a text is one of those that are checked", () => {
  const used = rules
    .filter(({ property }) => property === "color")
    .flatMap(({ value }) => [...value.matchAll(/var\(--([\w-]+)/g)].map(([, name = ""]) => name));
  const known = new Set([...WORDS, "card", "page"]);
  const unknown = new Set(used.flatMap((name) => standsFor(name)).filter((name) => !known.has(name)));
  expect([...unknown]).toEqual([]);
});

it("every tint is of a colour that is known", () => {
  expect(tints.length).toBeGreaterThan(0);
  const known = new Set([...WORDS, "line", "edge"]);
  expect(tints.filter(({ colour }) => !known.has(colour))).toEqual([]);
});

it("the first moment, before the script, has the system's ground", () => {
  const [, early = ""] = /:root:not\(\[data-theme\]\) \{([^}]*)\}/.exec(TOKENS) ?? [];
  expect(early).toContain(`--page: ${PAGE_COLOURS.light.toLowerCase()}`);
});

it("forced colours leave no colour of ours", () => {
  const [, forced = ""] = TOKENS.split("@media (forced-colors: active)");
  const [first = ""] = forced.split("}");
  for (const name of [...WORDS, ...GROUNDS, "line", "edge"]) {
    expect(first).toMatch(new RegExp(`--${name}: (Canvas|CanvasText|Highlight);`));
  }
});
