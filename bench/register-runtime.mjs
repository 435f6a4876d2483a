import { AsyncLocalStorage, createHook } from "node:async_hooks";
import { subscribe } from "node:diagnostics_channel";

/** The least that following requests takes of the runtime: a context for each, which is looked at when a callback begins and when it ends. */
const storage = new AsyncLocalStorage();
let seen = null;
const look = () => {
  seen = storage.getStore() ?? null;
};
createHook({ before: look, after: look }).enable();
subscribe("http.server.request.start", () => storage.enterWith({ seen }));
subscribe("http.server.response.finish", () => storage.enterWith(null));
