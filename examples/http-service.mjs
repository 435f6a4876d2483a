/**
 * A service that knows nothing of energy, and the load on it. Watched without a change to it:
 *
 *     CARBON_OPS_SUMMARY=stderr CARBON_OPS_ROUTES=/health,/search,/report \
 *       node --import carbon-ops/register examples/http-service.mjs [seconds]
 *
 * Plain node:http has no routes that it could tell of, so they are named there. Three routes cost about 1, 3 and 6 parts of the CPU; /report also waits, and compresses in libuv's pool.
 */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { gzip } from "node:zlib";

const seconds = Number(process.argv[2] ?? 5);
const compress = promisify(gzip);

function digest(rounds) {
  let text = "carbon-ops";
  for (let round = 0; round < rounds; round += 1) text = createHash("sha256").update(text).digest("hex");
  return text;
}

const routes = {
  "/health": async () => digest(100),
  "/search": async () => digest(300),
  "/report": async () => {
    const first = digest(300);
    await delay(2);
    const packed = await compress(Buffer.alloc(20_000, first));
    return `${digest(300)} ${packed.length}`;
  },
};

async function answer(request, response) {
  const route = routes[request.url];
  if (route === undefined) {
    response.writeHead(404).end("there is no such page\n");
    return;
  }
  response.end(`${await route()}\n`);
}

const server = createServer((request, response) => {
  answer(request, response).catch((error) => response.destroy(error));
});
server.listen(0, "127.0.0.1");
await once(server, "listening");

const { port } = server.address();
const untilMs = performance.now() + seconds * 1000;

/** Asks for one page after the other until the time is over. */
async function visitor(path) {
  let answers = 0;
  for (; performance.now() < untilMs; answers += 1) await (await fetch(`http://127.0.0.1:${port}${path}`)).text();
  return answers;
}

const paths = Object.keys(routes);
const answers = await Promise.all(paths.map(visitor));
for (const [index, path] of paths.entries()) console.log(`${path.padEnd(8)} ${answers[index]} answers`);
server.close();
server.closeAllConnections();
