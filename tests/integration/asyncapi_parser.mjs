// Reads an AsyncAPI document and prints what the official parser has to say, as JSON.
// The parser is one of the dashboard's packages: the first argument is the folder that has them.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const { Parser } = createRequire(resolve(process.argv[2], "package.json"))("@asyncapi/parser");
const { document, diagnostics } = await new Parser().parse(readFileSync(0, "utf8"));
const said = diagnostics.map(({ severity, code, message, path }) => ({
  severity,
  code,
  message,
  path: path.join("."),
}));
const channels = document ? document.channels().all() : [];
const messages = document ? document.allMessages().all() : [];
console.log(
  JSON.stringify({
    said,
    channels: channels.map((one) => one.address()),
    messages: messages.map((one) => one.name()),
  }),
);
