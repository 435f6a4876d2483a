import fastify from "fastify";
import { untilStdinEnds, work } from "./work.mjs";

const app = fastify();
app.get("/users/:id", async () => {
  await work(20);
  return { ok: true };
});
app.post("/orders", async (request) => {
  await work(60);
  return request.body;
});
app.get("/fail", async () => {
  throw new Error("mine");
});
await app.listen({ port: 0, host: "127.0.0.1" });
untilStdinEnds(app.server);
