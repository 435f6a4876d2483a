const express = require("express");

const app = express();
app.get("/users/:id", (_request, response) => response.send("done"));
const server = app.listen(0, "127.0.0.1", async () => {
  const { untilStdinEnds } = await import("./work.mjs");
  untilStdinEnds(server);
});
