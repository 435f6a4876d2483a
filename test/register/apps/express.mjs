import express from "express";
import { untilStdinEnds, work } from "./work.mjs";

const app = express();
const api = express.Router();
app.use(express.json());
api.get("/users/:id", async (_request, response) => {
  await work(20);
  response.json({ ok: true });
});
api.post("/orders", async (request, response) => {
  await work(60);
  response.json(request.body);
});
app.get(/^\/files\/.*/, (_request, response) => response.send("file"));
app.get("/fail", () => {
  throw new Error("mine");
});
app.use("/api", api);
app.use("/tenants/:tenant", api);
app.use((_error, _request, response, _next) => response.status(500).send("failed"));
const server = app.listen(0, "127.0.0.1", () => untilStdinEnds(server));
