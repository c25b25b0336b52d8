/** Red, green, blue; each 0 to 255. */
export type Colour = readonly [number, number, number];

export interface Declaration {
  readonly selector: string;
  readonly property: string;
  readonly value: string;
}

/** All declarations of a style sheet in order; of nested rules the innermost selector. */
export function declarations(sheet: string): readonly Declaration[] {
  const bare = sheet.replaceAll(/\/\*[^]*?\*\//g, "");
  return [...bare.matchAll(/([^{}]+)\{([^{}]*)\}/g)].flatMap(([, selector = "", body = ""]) =>
    body.split(";").flatMap((line) => {
      const [property, ...value] = line.split(":");
      if (!property?.trim() || value.length === 0) return [];
      const joined = value.join(":").replaceAll(/\s+/g, " ").trim();
      return [{ selector: selector.trim(), property: property.trim(), value: joined }];
    }),
  );
}

/** Reads the tokens as the browser would for a theme and a choice of colours. */
export function tokens(sheet: string, theme: string, colours: string): (name: string) => Colour {
  const light = '[data-theme="light"]';
  const red = '[data-colours="red_up"]';
  const applying = [":root"];
  if (colours === "red_up") applying.push(`:root${red}`);
  if (theme === "light") applying.push(`:root${light}`);
  if (theme === "light" && colours === "red_up") applying.push(`:root${light}${red}`);
  const [plain = ""] = sheet.split("@media");
  const found = new Map<string, string>();
  for (const selector of applying) {
    for (const one of declarations(plain)) {
      if (one.selector === selector) found.set(one.property, one.value);
    }
  }
  return (name) => parse(found.get(`--${name}`) ?? "");
}

function parse(hex: string): Colour {
  if (!/^#[\da-f]{6}$/.test(hex)) throw new Error(`no colour: "${hex}"`);
  const at = (place: number): number => Number.parseInt(hex.slice(place, place + 2), 16);
  return [at(1), at(3), at(5)];
}

/** What one sees where a share of `over` lies on `under`. */
export function background(over: Colour, under: Colour, share: number): Colour {
  const part = (index: 0 | 1 | 2): number => over[index] * share + under[index] * (1 - share);
  return [part(0), part(1), part(2)];
}

const linear = (part: number): number => {
  const of = part / 255;
  return of <= 0.040_45 ? of / 12.92 : ((of + 0.055) / 1.055) ** 2.4;
};

function luminance([r, g, b]: Colour): number {
  return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
}

/** The contrast of WCAG 2: 1 to 21. */
export function contrast(a: Colour, b: Colour): number {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].toSorted((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

function oklab([red, green, blue]: Colour): readonly number[] {
  const [r, g, b] = [linear(red), linear(green), linear(blue)] as const;
  const l = Math.cbrt(0.412_221_470_8 * r + 0.536_332_536_3 * g + 0.051_445_992_9 * b);
  const m = Math.cbrt(0.211_903_498_2 * r + 0.680_699_545_1 * g + 0.107_396_956_6 * b);
  const s = Math.cbrt(0.088_302_461_9 * r + 0.281_718_837_6 * g + 0.629_978_700_5 * b);
  return [
    0.210_454_255_3 * l + 0.793_617_785 * m - 0.004_072_046_8 * s,
    1.977_998_495_1 * l - 2.428_592_205 * m + 0.450_593_709_9 * s,
    0.025_904_037_1 * l + 0.782_771_766_2 * m - 0.808_675_766 * s,
  ];
}

/** How different two colours look (OKLab): black to white is 1. */
export function distance(a: Colour, b: Colour): number {
  const other = oklab(b);
  return Math.hypot(...oklab(a).map((part, index) => part - (other[index] ?? 0)));
}
