import { channel } from "node:diagnostics_channel";
import { once } from "node:events";
import { createServer, request as httpRequest } from "node:http";
import { createServer as createHttp2Server, connect as http2Connect } from "node:http2";
import { createServer as createHttpsServer, request as httpsRequest } from "node:https";
import { Worker } from "node:worker_threads";
import { work } from "./work.mjs";

/** Servers of all kinds and their clients in one process; says what was answered. */
const routes = channel("carbon-ops.request.route");

function say(text) {
  process.stdout.write(`${text}\n`);
}

async function listening(server) {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { host: "127.0.0.1", port: server.address().port };
}

async function answer(request) {
  request.end();
  const [response] = await once(request, "response");
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) text += chunk;
  return `${response.statusCode} ${text}`;
}

// HTTPS with a key that both sides know, so that no certificate is needed.
const psk = Buffer.alloc(16, 7);
const tls = { ciphers: "PSK", maxVersion: "TLSv1.2" };
const https = createHttpsServer({ ...tls, pskCallback: () => psk }, (_request, response) => {
  void work(30).then(() => response.end("over TLS"));
});
const client = { ...tls, pskCallback: () => ({ psk, identity: "test" }), checkServerIdentity: () => undefined };
say(await answer(httpsRequest({ ...(await listening(https)), ...client, method: "PUT", agent: false })));
https.close();

const http2 = createHttp2Server((_request, response) => response.end("over HTTP/2"));
const session = http2Connect(`http://127.0.0.1:${(await listening(http2)).port}`);
const stream = session.request({ ":path": "/two" });
let two = "";
for await (const chunk of stream.setEncoding("utf8")) two += chunk;
say(two);
session.close();
http2.close();

/** Middleware around middleware, as Koa and others have it. */
const around = [
  async (context, next) => {
    await next();
    routes.publish({ request: context.request, route: "/around" });
    context.response.end(context.body);
  },
  async (_context, next) => {
    await work(30);
    await next();
  },
  async (context) => {
    context.body = "through middleware";
  },
];
const compose = async (context, at = 0) => around[at]?.(context, async () => compose(context, at + 1));

async function inWorker() {
  const busy = "for (const end = performance.now() + 400; performance.now() < end; );";
  const worker = new Worker(busy, { eval: true });
  const [code] = await once(worker, "exit");
  return `by a worker: ${code}`;
}

const http = createServer((request, response) => {
  if (request.method === "GET") void compose({ request, response });
  else void inWorker().then((text) => response.end(text));
});
// What an upgraded connection does is nobody's request.
http.on("upgrade", (_request, socket) => {
  socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
  socket.pipe(socket);
});
const place = await listening(http);
say(await answer(httpRequest({ ...place, agent: false })));
say(await answer(httpRequest({ ...place, agent: false, method: "DELETE" })));
const upgrading = httpRequest({ ...place, headers: { connection: "Upgrade", upgrade: "echo" } });
upgrading.end();
const [, socket] = await once(upgrading, "upgrade");
socket.write("echo");
say(String((await once(socket, "data"))[0]));
socket.destroy();
http.close();
http.closeAllConnections();
