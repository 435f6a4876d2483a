const { createServer } = require("node:http");

/** Works for as many milliseconds as the path says, with awaits; /0 answers at once. Says what CPU time it has had when it is asked. */
async function work(response, milliseconds) {
  for (let piece = 0; piece < 4; piece += 1) {
    for (const end = performance.now() + milliseconds / 4; performance.now() < end; );
    await Promise.resolve();
  }
  response.end("done");
}

const server = createServer((request, response) => {
  const milliseconds = Number(request.url.slice(1));
  if (milliseconds > 0) void work(response, milliseconds);
  else response.end("hello");
});
server.listen(0, "127.0.0.1", () => process.send({ port: server.address().port }));
process.on("message", () => {
  const { user, system } = process.cpuUsage();
  process.send({ cpuMicroseconds: user + system });
});
process.once("disconnect", () => process.exit(0));
