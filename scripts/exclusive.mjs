import { createHash } from "node:crypto";
import { connect, createServer } from "node:net";

/**
 * Runs the work while no other process on this machine does the same for this folder. The lock is a listening socket in
 * Linux's abstract namespace: it leaves no file behind and the kernel frees it when its holder dies, so it is never stale.
 */
export async function exclusively(folder, work, onWait) {
  const name = `\0carbon-ops-${createHash("sha256").update(folder).digest("hex").slice(0, 32)}`;
  let release = await take(name);
  if (release === null) onWait();
  while (release === null) {
    await holderGone(name);
    release = await take(name);
  }
  try {
    return await work();
  } finally {
    release();
  }
}

/** A function that gives the lock back, or null when another process holds it. */
function take(name) {
  return new Promise((resolve) => {
    const waiting = new Set();
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      waiting.add(socket);
    });
    server.once("error", (error) => {
      // Where there is no such namespace, or none for us (a sandbox), going on alone beats not going on.
      resolve(error.code === "EADDRINUSE" ? null : () => undefined);
    });
    server.listen(name, () => {
      server.unref();
      resolve(() => {
        server.close();
        for (const socket of waiting) socket.destroy();
      });
    });
  });
}

/** Resolves when the connection to the holder ends, which happens when it is done or dies. */
function holderGone(name) {
  return new Promise((resolve) => {
    const socket = connect(name);
    socket.on("error", () => undefined);
    socket.once("close", resolve);
    socket.resume();
  });
}
