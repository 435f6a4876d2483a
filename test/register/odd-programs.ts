/** Programs that lean on what the runtime does, and say so in their output, their exit code or the signal that ends them. */
export interface OddProgram {
  readonly does: string;
  /** Its name decides whether it is a module. */
  readonly file: "program.mjs" | "program.cjs";
  readonly source: readonly string[];
  readonly input?: string;
  /** The reader of its output goes away at once. */
  readonly closesStdout?: true;
  /**
   * Shows how the runtime loaded it. Any `--import`, of an empty module too, makes the runtime load a program another way: in a stack the frames of
   * the runtime are others, and the first turn of CommonJS runs within a promise.
   */
  readonly showsLoader?: true;
}

const client = [
  "const ask = async (port, path, options) => {",
  "  const response = await fetch('http://127.0.0.1:' + port + path, options);",
  "  const { date, ...headers } = Object.fromEntries(response.headers);",
  "  return [response.status, JSON.stringify(headers), await response.text()].join(' ');",
  "};",
];

export const oddPrograms: readonly OddProgram[] = [
  { does: "ends at once", file: "program.cjs", source: ["process.exit(7);"] },
  { does: "does nothing", file: "program.mjs", source: [] },
  {
    does: "replaces Reflect",
    file: "program.cjs",
    source: [
      "Reflect.apply = Reflect.get = () => { throw new Error('replaced'); };",
      "Object.getPrototypeOf = Object.defineProperty = () => { throw new Error('replaced'); };",
      "console.log('ok');",
      "process.exitCode = 4;",
    ],
  },
  { does: "sets an exit code and ends by itself", file: "program.cjs", source: ["process.exitCode = 3;"] },
  { does: "throws", file: "program.cjs", showsLoader: true, source: ["throw new Error('mine');"] },
  {
    does: "throws later",
    file: "program.mjs",
    showsLoader: true,
    source: ["setTimeout(() => { throw new TypeError('later'); }, 30);"],
  },
  { does: "throws something that is no error", file: "program.cjs", showsLoader: true, source: ["throw null;"] },
  { does: "does not parse", file: "program.mjs", showsLoader: true, source: ["let 1 = 2;"] },
  {
    does: "asks for a module that is not there",
    file: "program.cjs",
    showsLoader: true,
    source: ["require('not-there');"],
  },
  {
    does: "leaves a rejection to nobody",
    file: "program.mjs",
    showsLoader: true,
    source: ["Promise.reject(new Error('nobody'));"],
  },
  {
    does: "takes rejections and errors of its own",
    file: "program.cjs",
    source: [
      "process.on('unhandledRejection', (reason) => console.log('rejected', reason.message));",
      "process.on('uncaughtException', (error, origin) => console.log(origin, error.message));",
      "Promise.reject(new Error('one'));",
      "setTimeout(() => { throw new Error('two'); }, 10);",
    ],
  },
  {
    does: "reads standard input",
    file: "program.mjs",
    input: "a\nb\nc\n",
    source: [
      "import { createInterface } from 'node:readline';",
      "for await (const line of createInterface({ input: process.stdin })) console.log(line.toUpperCase());",
    ],
  },
  {
    does: "reads standard input at once",
    file: "program.cjs",
    input: "x".repeat(100_000),
    source: ["console.log(require('node:fs').readFileSync(0).length);"],
  },
  {
    does: "writes more than a pipe holds, and exits when it is written",
    file: "program.cjs",
    source: ["process.stdout.write('y'.repeat(300_000), () => process.exit(4));"],
  },
  {
    does: "writes to a reader that has gone",
    file: "program.cjs",
    closesStdout: true,
    source: [
      "process.stdout.on('error', (error) => process.exit(error.code === 'EPIPE' ? 9 : 1));",
      "setInterval(() => process.stdout.write('z'.repeat(10_000)), 1);",
    ],
  },
  {
    does: "forks a child and talks to it",
    file: "program.cjs",
    source: [
      "const { fork } = require('node:child_process');",
      "if (process.send) {",
      "  process.on('message', (text) => process.send(text + '!', () => process.exit(6)));",
      "} else {",
      "  const child = fork(__filename);",
      "  child.on('message', (text) => console.log(text));",
      "  child.on('exit', (code) => console.log('exit', code));",
      "  child.send('hello');",
      "}",
    ],
  },
  {
    does: "runs commands",
    file: "program.mjs",
    source: [
      "import { execFileSync, spawnSync } from 'node:child_process';",
      "console.log(execFileSync(process.execPath, ['-p', '1 + 1']).toString());",
      "console.log(spawnSync('sh', ['-c', 'echo out; echo err >&2; exit 5'], { encoding: 'utf8' }).status);",
    ],
  },
  {
    does: "is a cluster of servers",
    file: "program.cjs",
    source: [
      "const cluster = require('node:cluster');",
      "const http = require('node:http');",
      "if (cluster.isPrimary) {",
      "  let listening = 0;",
      "  let left = 0;",
      "  for (const id of [1, 2]) cluster.fork({ ID: String(id) });",
      "  cluster.on('listening', async (worker, { port }) => {",
      "    listening += 1;",
      "    if (listening < 2) return;",
      "    for (let turn = 0; turn < 4; turn += 1) console.log(await (await fetch('http://127.0.0.1:' + port + '/')).text());",
      "    for (const worker of Object.values(cluster.workers)) worker.disconnect();",
      "  });",
      "  cluster.on('exit', (worker, code, signal) => { left += 1; if (left === 2) console.log('left', code, signal); });",
      "} else {",
      "  http.createServer({ keepAlive: false }, (request, response) => { response.setHeader('connection', 'close'); response.end('worker'); }).listen(0);",
      "}",
    ],
  },
  {
    does: "has worker threads",
    file: "program.mjs",
    source: [
      "import { once } from 'node:events';",
      "import { Worker, isMainThread, parentPort } from 'node:worker_threads';",
      "if (isMainThread) {",
      "  for (const id of [1, 2]) {",
      "    const worker = new Worker(new URL(import.meta.url));",
      "    worker.postMessage(id);",
      "    const [[answer], [code]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);",
      "    console.log(answer, code);",
      "  }",
      "} else parentPort.once('message', (id) => { parentPort.postMessage(id * 2); process.exitCode = id; });",
    ],
  },
  {
    does: "has a hundred thousand promises",
    file: "program.mjs",
    source: [
      "const results = await Promise.all(Array.from({ length: 1e5 }, async (_, index) => { await null; return index; }));",
      "console.log(results.reduce((sum, value) => sum + value, 0));",
    ],
  },
  {
    does: "is killed by SIGTERM",
    file: "program.cjs",
    source: ["setInterval(() => process.kill(process.pid, 'SIGTERM'), 20);"],
  },
  { does: "aborts", file: "program.cjs", source: ["process.kill(process.pid, 'SIGKILL'); setInterval(() => 0, 10);"] },
  {
    does: "takes SIGTERM and SIGINT itself",
    file: "program.cjs",
    source: [
      "process.once('SIGINT', () => { console.log('int'); process.kill(process.pid, 'SIGTERM'); });",
      "process.once('SIGTERM', (name) => { console.log(name); process.exit(12); });",
      "setTimeout(() => process.kill(process.pid, 'SIGINT'), 20);",
      "setInterval(() => 0, 1000);",
    ],
  },
  {
    does: "looks at the listeners of the process",
    file: "program.cjs",
    source: [
      "console.log(process.eventNames().filter((name) => name !== 'exit'));",
      "for (const name of ['beforeExit', 'SIGTERM', 'SIGINT', 'uncaughtException', 'unhandledRejection', 'warning', 'message'])",
      "  console.log(name, process.listenerCount(name));",
    ],
  },
  {
    does: "looks at what keeps it open, and at what is global",
    file: "program.cjs",
    showsLoader: true,
    source: [
      // Standard error is one of them as soon as some modules of the runtime are loaded (node:http, node:util).
      "console.log(process.getActiveResourcesInfo().filter((type) => type !== 'PipeWrap'));",
      "console.log(Object.keys(globalThis), process.argv.length, require.main === module);",
    ],
  },
  {
    does: "goes on before it exits",
    file: "program.cjs",
    source: [
      "let turns = 0;",
      "process.on('beforeExit', (code) => { console.log('before', code); turns += 1; if (turns < 3) setTimeout(() => 0, 5); });",
      "process.on('exit', (code) => { console.log('exit', code); process.exitCode = 8; });",
    ],
  },
  { does: "waits for what never comes", file: "program.mjs", source: ["await new Promise(() => undefined);"] },
  {
    does: "has timers that keep nothing open",
    file: "program.cjs",
    source: ["setTimeout(() => console.log('never'), 50_000).unref(); setTimeout(() => console.log('soon'), 5);"],
  },
  {
    does: "depends on the order of callbacks",
    file: "program.cjs",
    showsLoader: true,
    source: [
      "setTimeout(() => console.log('timeout'), 0);",
      "process.nextTick(() => console.log('tick'));",
      "Promise.resolve().then(() => console.log('then'));",
      "queueMicrotask(() => console.log('microtask'));",
      "setImmediate(() => setImmediate(() => console.log('immediate')));",
      "console.log('sync');",
    ],
  },
  {
    does: "carries contexts of its own",
    file: "program.mjs",
    source: [
      "import { AsyncLocalStorage } from 'node:async_hooks';",
      "import { createServer } from 'node:http';",
      ...client,
      "const storage = new AsyncLocalStorage();",
      "const server = createServer((request, response) => storage.run(request.url, async () => {",
      "  await null;",
      "  setTimeout(() => response.end(storage.getStore()), 5);",
      "}));",
      "await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));",
      "const { port } = server.address();",
      "console.log(await Promise.all(['/a', '/b', '/c'].map((path) => ask(port, path))), storage.getStore());",
      "server.close();",
      "server.closeAllConnections();",
    ],
  },
  {
    does: "has async hooks of its own",
    file: "program.cjs",
    source: [
      "const { createHook, executionAsyncId } = require('node:async_hooks');",
      "const mine = new Set();",
      "const seen = [];",
      "const hook = createHook({ init: (id, type) => { if (type === 'Timeout') mine.add(id); }, before: (id) => { if (mine.has(id)) seen.push('before'); }, after: (id) => { if (mine.has(id)) seen.push('after'); }, destroy: (id) => { if (mine.has(id)) seen.push('destroy'); } }).enable();",
      "setTimeout(() => { seen.push(mine.has(executionAsyncId())); hook.disable(); setTimeout(() => console.log(seen), 20); }, 5);",
    ],
  },
  {
    does: "is a server that looks at its own objects",
    file: "program.mjs",
    source: [
      "import { createServer } from 'node:http';",
      ...client,
      "const counts = (emitter) => emitter.eventNames().map((name) => [name, emitter.listenerCount(name)].map(String).join(' '));",
      "const server = createServer((request, response) => {",
      "  console.log(counts(request), counts(response), counts(request.socket), counts(server));",
      "  console.log(Object.keys(request).sort(), Object.keys(response).sort());",
      "  request.resume().on('end', () => response.writeHead(201, 'Made', { 'X-Own': '1' }).end(request.url));",
      "});",
      "await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));",
      "const { port } = server.address();",
      "console.log(await ask(port, '/a'), await ask(port, '/b', { method: 'POST', body: 'c' }));",
      "server.close();",
      "server.closeAllConnections();",
      "process.once('exit', () => console.log(server.listening, process.getActiveResourcesInfo()));",
    ],
  },
  {
    does: "fails in a request",
    file: "program.cjs",
    showsLoader: true,
    source: [
      "const { createServer, get } = require('node:http');",
      "const server = createServer(() => { setTimeout(() => { throw new Error('in a request'); }, 5); });",
      "server.listen(0, '127.0.0.1', () => get({ port: server.address().port, host: '127.0.0.1' }).on('error', () => 0));",
    ],
  },
  {
    does: "ends in a request",
    file: "program.cjs",
    source: [
      "const { createServer, get } = require('node:http');",
      "const server = createServer(() => process.exit(11));",
      "server.listen(0, '127.0.0.1', () => get({ port: server.address().port, host: '127.0.0.1' }).on('error', () => 0));",
    ],
  },
  {
    does: "warns, and listens to warnings",
    file: "program.cjs",
    source: [
      "process.on('warning', ({ name, message }) => console.log(name, message));",
      "process.emitWarning('careful', 'MineWarning');",
    ],
  },
  {
    does: "fakes its timers",
    file: "program.mjs",
    source: [
      "import { createServer } from 'node:http';",
      "import { mock } from 'node:test';",
      ...client,
      "mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'setImmediate', 'Date'], now: 5000 });",
      "const server = createServer((request, response) => {",
      "  setTimeout(() => response.end(String(Date.now())), 1000);",
      "  mock.timers.tick(1000);",
      "});",
      "await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));",
      "console.log(await ask(server.address().port, '/'));",
      "mock.timers.tick(100_000);",
      "console.log(Date.now());",
      "server.close();",
      "server.closeAllConnections();",
    ],
  },
  {
    does: "takes timers and globals away",
    file: "program.mjs",
    source: [
      "import { createServer } from 'node:http';",
      ...client,
      "const server = createServer((request, response) => response.end('done'));",
      "await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));",
      "delete globalThis.setImmediate;",
      "globalThis.setInterval = () => { throw new Error('no timers'); };",
      "delete globalThis.performance;",
      "process.cpuUsage = () => { throw new Error('no clock'); };",
      "console.log(await ask(server.address().port, '/'));",
      "setTimeout(() => server.close(), 300);",
      "server.closeAllConnections();",
    ],
  },
];
