import { channel } from "node:diagnostics_channel";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { routePath } from "hono/route";
import { untilStdinEnds, work } from "./work.mjs";

const app = new Hono();
if (process.argv.includes("--tells-routes")) {
  app.use(async (context, next) => {
    await next();
    channel("carbon-ops.request.route").publish({ request: context.env.incoming, route: routePath(context, -1) });
  });
}
app.get("/users/:id", async (context) => {
  await work(20);
  return context.json({ ok: true });
});
app.post("/orders", async (context) => {
  const body = await context.req.json();
  await work(60);
  return context.json(body);
});
const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, () => untilStdinEnds(server));
