const { createServer } = require("node:http");

/** What an HTTP service costs beside its own work: `hello` does next to none, `work` a millisecond of it, with awaits. */
const [kind] = process.argv.slice(2);

async function work(response) {
  for (let piece = 0; piece < 4; piece += 1) {
    for (const end = performance.now() + 0.25; performance.now() < end; );
    await Promise.resolve();
  }
  response.end("done");
}

const server = createServer((_request, response) => {
  if (kind === "work") void work(response);
  else response.end("hello");
});
server.listen(0, "127.0.0.1", () => process.send({ port: server.address().port }));
process.once("disconnect", () => process.exit(0));
