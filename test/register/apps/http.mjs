import { createServer } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { untilStdinEnds, work } from "./work.mjs";

async function answer(request, response) {
  await (request.url === "/slow" ? delay(10_000, undefined, { ref: false }) : work(20));
  response.end("done");
}

const server = createServer((request, response) => {
  if (request.method === "POST") {
    // What is done in a listener, with no promise around it.
    let length = 0;
    request.on("data", (chunk) => {
      length += chunk.length;
    });
    request.on("end", () => void work(60).then(() => response.end(String(length))));
    return;
  }
  if (request.url === "/fail") response.statusCode = 503;
  void answer(request, response);
});
server.listen(0, "127.0.0.1", () => untilStdinEnds(server));
