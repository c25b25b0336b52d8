// node's `ws`, without compression, speaking to the benchmark as stream_peers.py says.
//
//     node peers_node_ws.cjs EVENT_FILE     (npm ci --prefix benchmarks/node_peers)
"use strict";

const { readFileSync } = require("node:fs");
const { createInterface } = require("node:readline");
const { setImmediate: nextRound, setTimeout: sleep } = require("node:timers/promises");
const { WebSocketServer } = require(require.resolve("ws", { paths: [`${__dirname}/node_peers`] }));

const text = readFileSync(process.argv[2]);
const now = () => process.hrtime.bigint();
const say = (fields) => process.stdout.write(`${JSON.stringify(fields)}\n`);

async function publish(server, { viewers, events, burst, every_s: everyS }) {
  while (server.clients.size < viewers) await sleep(10);
  const published = [];
  let next = now();
  for (let sent = 0; sent < events; sent += burst) {
    while (now() < next) await sleep(Math.max(0, Number(next - now()) / 1e6 - 1));
    next += BigInt(Math.round(everyS * 1e9));
    published.push(Number(now()));
    for (let event = 0; event < burst; event += 1) {
      for (const viewer of server.clients) viewer.send(text, { binary: false });
    }
    await nextRound();
  }
  say({ published });
}

async function main() {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, backlog: 4096 });
  await new Promise((resolve) => server.once("listening", resolve));
  say({ port: server.address().port, pid: process.pid });
  for await (const line of createInterface({ input: process.stdin })) {
    await publish(server, JSON.parse(line));
  }
  process.exit(0);
}

main();
