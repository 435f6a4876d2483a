/** Where a thread that looks at blocks starts: a compiled file; there is none where the sources themselves are run. */
export function ownThreadModule(): URL | null {
  return import.meta.url.endsWith(".js") ? new URL("./block-thread.js", import.meta.url) : null;
}
