// Measures one address with Lighthouse, some runs each as a desktop and as a phone, and prints what each run
// found as JSON: node measure.mjs '{"address", "executable", "env", "runs"}'; `env` is what the browser needs more.
import { launch } from "chrome-launcher";
import lighthouse, { desktopConfig } from "lighthouse";

const { address, executable, env, runs } = JSON.parse(process.argv[2]);
const CHROME_FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--font-render-hinting=none"];
const FORMS = { desktop: desktopConfig, phone: undefined };

const MOVED_MIN = 0.005;

/** What moved while the page loaded, most first. */
function moved(audit) {
  const items = audit.details?.items ?? [];
  return items
    .filter(({ score }) => score >= MOVED_MIN)
    .map(({ node, score }) => `moved by ${score.toFixed(3)}: ${node?.selector ?? "unknown"}`);
}

/** The scores of 0 to 100, the figures, and what took points: `audit: what it says`. */
function summary({ categories, audits }) {
  const scores = Object.values(categories).map(({ id, score }) => [id, Math.round(100 * score)]);
  const refs = Object.values(categories).flatMap((one) => one.auditRefs);
  const costly = refs.filter(({ id, weight }) => weight > 0 && audits[id].score !== null && audits[id].score < 0.995);
  return {
    ...Object.fromEntries(scores),
    cls: audits["cumulative-layout-shift"].numericValue,
    lcp_ms: audits["largest-contentful-paint"].numericValue,
    tbt_ms: audits["total-blocking-time"].numericValue,
    costly: [
      ...costly.map(({ id }) => [id, audits[id].displayValue].filter(Boolean).join(": ")),
      ...moved(audits["layout-shifts"]),
    ],
  };
}

async function measure(form) {
  // A browser of its own for each run: nothing is left in it from the one before.
  const chrome = await launch({
    chromePath: executable,
    chromeFlags: CHROME_FLAGS,
    envVars: { ...process.env, ...env },
  });
  try {
    const options = { port: chrome.port, logLevel: "error", output: "json" };
    const { lhr } = await lighthouse(address, options, FORMS[form]);
    if (lhr.runtimeError) throw new Error(lhr.runtimeError.message);
    return { form, ...summary(lhr) };
  } finally {
    chrome.kill();
  }
}

const found = [];
for (let run = 0; run < runs; run += 1) {
  // One after another: two at once would slow each other down.
  // eslint-disable-next-line no-await-in-loop
  for (const form of Object.keys(FORMS)) found.push(await measure(form));
}
process.stdout.write(JSON.stringify(found));
