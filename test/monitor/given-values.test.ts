import { expect, test } from "vitest";
import { EnergyLogger } from "../../src/monitor/energy-logger.ts";
import { recordsOf } from "../ledger/ledger-folder.ts";
import { temporaryDirectory } from "../support/program.ts";
import { quietLogger, spin, use } from "./quiet-logger.ts";

/** What plain JavaScript would hand in, where the types promise something else. */
function odd(value: unknown) {
  const holder: object = { value };
  return Reflect.get(holder, "value");
}

test.each<[what: string, sinks: unknown, sentence: RegExp]>([
  ["null among them", [null], /^A sink is null, but must be an object/],
  ["undefined among them", [undefined], /^A sink is undefined, but must be/],
  ["a number among them", [5], /^A sink is 5, but must be/],
  ["a text among them", ["x"], /^A sink is "x", but must be/],
  ["an object without functions", [{ name: "idle" }], /^A sink is an object, but must be/],
  ["a text in place of the list", "x", /^The option sinks is "x", but must be an array/],
  ["a number in place of the list", 5, /^The option sinks is 5, but must be an array/],
])("sinks with %s are a sentence in `problems`, and tasks end as ever", async (_, sinks, sentence) => {
  await using logger = await quietLogger(odd({ sinks }));
  const task = logger.start("a");
  expect(() => task.end()).not.toThrow();
  await logger.flush();
  expect(logger.problems).toEqual([expect.stringMatching(sentence)]);
});

test("a sink that is added later and is none is a sentence too", async () => {
  await using logger = await quietLogger();
  logger.addSink(odd(null));
  logger.start("a").end();
  expect(logger.problems).toEqual([expect.stringMatching(/^A sink is null/)]);
});

test("a sink whose members cannot be looked at keeps no task from its end", async () => {
  await using logger = await quietLogger();
  let isOdd = false;
  const sink = new Proxy(
    { name: "odd", ended: () => undefined },
    {
      has: () => {
        if (isOdd) throw new Error("not today");
        return true;
      },
    },
  );
  logger.addSink(sink);
  isOdd = true;
  const task = logger.start("a");
  expect(() => task.end()).not.toThrow();
  expect(logger.problems).toEqual([expect.stringContaining("not today")]);
});

test.each<[shown: string, options: unknown]>([
  ["null", null],
  ['"x"', "x"],
  ["5", 5],
  ["an array", []],
])("opened with %s, the logger measures without options and says so", async (shown, options) => {
  const logger = await EnergyLogger.open(odd(options));
  expect(logger.problems[0]).toBe(
    `EnergyLogger.open has ${shown}, but takes an object of options; it is opened without.`,
  );
  await expect(logger.monitor("a", () => 7)).resolves.toMatchObject({ result: 7 });
  await logger.close();
});

test.each<[name: unknown, called: string, shown: string]>([
  [5, "5", "5"],
  [true, "true", "true"],
  [undefined, "(no name)", "undefined"],
  [{}, "(no name)", "an object"],
  [Symbol("x"), "(no name)", "a symbol"],
])("a task that is named %s is counted and recorded under a text", async (name, called, shown) => {
  const path = `${temporaryDirectory()}/a.ndjson`;
  const logger = await quietLogger({ ledger: path, ledgerKey: `${temporaryDirectory()}/a.key`, records: "task" });
  await use(logger, odd(name));
  expect(logger.taskReport().tasks.map((task) => task.name)).toEqual([called]);
  await logger.close();
  expect(recordsOf(path).filter(({ kind }) => kind === "carbon_estimate")).toMatchObject([{ name: called }]);
  expect(logger.problems).toEqual([`The name of a task is ${shown}, but must be a text; it is called "${called}".`]);
});

test("a name that is known late is held to the same", async () => {
  await using logger = await quietLogger();
  logger.start("a", { nameLater: () => odd({}) }).end();
  expect(logger.taskReport().tasks).toMatchObject([{ name: "(no name)" }]);
});

test.each<[labels: unknown, kept: unknown, sentence: string | null]>([
  ["x", {}, 'The labels of a task are "x", but must be an object of names and texts; it has none.'],
  [5, {}, "The labels of a task are 5, but must be an object of names and texts; it has none."],
  [["x"], {}, "The labels of a task are an array, but must be an object of names and texts; it has none."],
  [{ order: 5, isPaid: true }, { order: "5", isPaid: "true" }, null],
  [
    { team: "a", order: {} },
    { team: "a" },
    'The label "order" of a task is an object, but must be a text; it is left out.',
  ],
  [{ "": "x" }, {}, "A label of a task has no name; it is left out."],
])("labels %j are recorded as %j", async (labels, kept, sentence) => {
  await using logger = await quietLogger();
  const task = logger.start("a", odd({ labels }));
  task.run(() => spin(1));
  task.end();
  expect(task.figures()?.labels).toEqual(kept);
  expect(logger.problems).toEqual(sentence === null ? [] : [sentence]);
});

test.each<[information: unknown, isTaken: boolean]>([
  [{ signal: new AbortController().signal }, true],
  [{ labels: { team: "a" } }, true],
  [{ signal: 5, order: 7 }, false],
  [{}, false],
  [{ order: 7, labels: [] }, false],
])("options of monitor that stand where its information does are a sentence: %j %s", async (information, isTaken) => {
  await using logger = await quietLogger();
  const { metric } = await logger.monitor("a", () => 7, odd(information));
  expect(metric.additionalInfo).toEqual(information);
  expect(logger.problems).toHaveLength(isTaken ? 1 : 0);
});

test("however often something odd is handed in, it is said once", async () => {
  await using logger = await quietLogger();
  for (let index = 0; index < 1000; index += 1) logger.start(odd(index), odd({ labels: index })).end();
  expect(logger.problems).toHaveLength(2);
});

test.each<[options: unknown, sentences: readonly unknown[]]>([
  [null, [expect.stringMatching(/^The options of a task are null, but must be an object/)]],
  [5, [expect.stringMatching(/^The options of a task are 5, but must be an object/)]],
  [{ signal: 5 }, [expect.stringMatching(/^The signal of a task is 5, but must be an AbortSignal/)]],
  [{ signal: { aborted: false } }, [expect.stringMatching(/^The signal of a task is an object, but must be/)]],
  [{ signal: null }, []],
])("a task with the options %j is watched all the same", async (options, sentences) => {
  await using logger = await quietLogger();
  const task = logger.start("a", odd(options));
  spin(2);
  task.end();
  await logger.flush(odd(null));
  expect(logger.taskReport().tasks).toMatchObject([{ name: "a", started: 1, completed: 1 }]);
  expect(logger.problems).toEqual(sentences);
});
