// Unpacks the Chromium that comes with the npm packages and prints where it is, as one line of JSON:
// {"executable", "libraries", "fonts"}. `libraries` is for LD_LIBRARY_PATH where the system lacks them.
import { existsSync, mkdtempSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const web = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const { version } = require("../node_modules/@sparticuz/chromium/package.json");
const cache = join(web, "node_modules", ".cache");
const home = join(cache, `chromium-${version}`);

/** The package unpacks into the system's folder for temporary files; here that is one of our own. */
async function unpack(folder) {
  process.env.TMPDIR = folder;
  // So told, it unpacks the libraries of a bare system too.
  process.env.AWS_EXECUTION_ENV = "AWS_Lambda_nodejs22.x";
  const { default: chromium } = await import("@sparticuz/chromium");
  await chromium.executablePath();
  writeFileSync(join(folder, "fonts", "fonts.conf"), fontsConf(join(home, "fonts")));
}

function fontsConf(folder) {
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${folder}</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>${join(folder, "cache")}</cachedir>
  <alias binding="strong"><family>system-ui</family><prefer><family>Open Sans</family></prefer></alias>
  <alias binding="strong"><family>sans-serif</family><prefer><family>Open Sans</family></prefer></alias>
</fontconfig>
`;
}

if (!existsSync(home)) {
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "unpacking-"));
  await unpack(folder);
  try {
    renameSync(folder, home);
  } catch (error) {
    // Another process was faster: what it unpacked is as good.
    if (!existsSync(home)) throw error;
    rmSync(folder, { recursive: true, force: true });
  }
}
process.stdout.write(
  JSON.stringify({
    executable: join(home, "chromium"),
    libraries: join(home, "al2023", "lib"),
    fonts: join(home, "fonts"),
  }),
);
