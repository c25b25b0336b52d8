import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import type { Plugin } from "vite";
import { defineConfig, type TestProjectConfiguration } from "vitest/config";

const SERVER = "http://127.0.0.1:8000";
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  // No text becomes a script, not even by a library's mistake.
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const COMPRESSED = /\.(?:css|html|js|svg)$/;

/** The built page forbids itself everything that it does not need, whoever serves it. */
function contentPolicy(): Plugin {
  const attrs = { "http-equiv": "Content-Security-Policy", content: POLICY };
  return {
    name: "content-policy",
    apply: "build",
    transformIndexHtml: () => [{ tag: "meta", attrs, injectTo: "head-prepend" }],
  };
}

/** Each text is compressed once, at the build: the server sends `x.js.br` or `x.js.gz` for `x.js`. */
function compressed(): Plugin {
  return {
    name: "compressed",
    apply: "build",
    writeBundle: ({ dir = "" }) => {
      for (const name of readdirSync(dir, { encoding: "utf8", recursive: true })) {
        if (!COMPRESSED.test(name)) continue;
        const content = readFileSync(join(dir, name));
        writeFileSync(join(dir, `${name}.br`), brotliCompressSync(content));
        writeFileSync(join(dir, `${name}.gz`), gzipSync(content, { level: 9 }));
      }
    },
  };
}

/** The tests that replace modules load everything anew for each file; the others share it, in a third of the time. */
function project(name: string, mocks: boolean): TestProjectConfiguration {
  const include = readdirSync("tests", { encoding: "utf8", recursive: true })
    .filter((path) => /\.test\.tsx?$/.test(path))
    .map((path) => join("tests", path))
    .filter((path) => readFileSync(path, "utf8").includes("vi.mock(") === mocks);
  return { extends: true, test: { name, include, isolate: mocks } };
}

export default defineConfig({
  base: "./",
  // The page is written for React and runs on Preact, which is a tenth of its size.
  resolve: {
    alias: {
      "react-dom/client": "preact/compat/client",
      "react-dom": "preact/compat",
      "react/jsx-runtime": "preact/jsx-runtime",
      react: "preact/compat",
    },
  },
  plugins: [contentPolicy(), compressed()],
  build: {
    outDir: "../app/static",
    emptyOutDir: true,
    target: "es2022",
    // Inlined assets would be data: addresses, which a strict content policy refuses.
    assetsInlineLimit: 0,
  },
  server: {
    proxy: {
      "/api": SERVER,
      "/ws": { target: SERVER, ws: true },
    },
  },
  test: {
    environment: "happy-dom",
    restoreMocks: true,
    // The testing library must see the same Preact as the page.
    server: { deps: { inline: ["@testing-library/preact"] } },
    projects: [project("mocking", true), project("sharing", false)],
  },
});
