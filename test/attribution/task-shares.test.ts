import { check, constantFrom, double, integer, property, record, array as sequenceOf } from "fast-check";
import { expect, test } from "vitest";
import { type AccountFigures, TaskAccount } from "../../src/attribution/task-account.ts";
import { TaskShares, type TaskTick, type TaskWindow } from "../../src/attribution/task-shares.ts";

/** 0.1 s in which the loop's thread had all of the process's CPU time, at 10 W above idle. */
function tick(differences: Partial<TaskTick> = {}): TaskTick {
  return {
    durationSeconds: 0.1,
    processCpuSeconds: 0.1,
    loopCpuSeconds: 0.1,
    charges: [],
    activeWatts: 10,
    ...differences,
  };
}

function window(differences: Partial<TaskWindow> = {}): TaskWindow {
  return {
    durationSeconds: 0.1,
    marginalJoules: 1,
    proportionalJoules: 2,
    processCpuSeconds: 0.1,
    childCpuSeconds: 0,
    othersCpuSeconds: 0,
    ...differences,
  };
}

/** A task of its own name, which holds the loop as it is told. */
function holder(shares: TaskShares): TaskAccount & { hold(milliseconds: number): void } {
  const account = new TaskAccount(shares.now);
  const hold = account.hold.bind(account);
  return Object.assign(account, {
    hold: (milliseconds: number) => {
      hold(milliseconds);
      shares.held(milliseconds, milliseconds);
    },
  });
}

function sumOf(parts: readonly AccountFigures[], of: (figures: AccountFigures) => number): number {
  return parts.reduce((sum, figures) => sum + of(figures), 0);
}

test("tasks share the energy of a tick by the time that they held the loop", () => {
  const shares = new TaskShares();
  const [short, long] = [holder(shares), holder(shares)];
  short.hold(20);
  long.hold(60);
  shares.endTick(tick());
  shares.endWindow(window());
  expect(short.settled().marginalJoules).toBeCloseTo(0.2, 12);
  expect(long.settled().marginalJoules).toBeCloseTo(0.6, 12);
  expect(long.settled().proportionalJoules).toBeCloseTo(1.2, 12);
  expect(shares.shares().outsideTasks.marginalJoules).toBeCloseTo(0.2, 12);
});

test("where others had the CPU, the time that tasks held the loop is scaled down to the thread's CPU time", () => {
  const shares = new TaskShares();
  const [first, second] = [holder(shares), holder(shares)];
  first.hold(75);
  second.hold(25);
  shares.endTick(tick({ processCpuSeconds: 0.04, loopCpuSeconds: 0.04 }));
  expect(first.settled().cpuSeconds).toBeCloseTo(0.03, 12);
  expect(second.settled().cpuSeconds).toBeCloseTo(0.01, 12);
});

test("a task that ran while the host drew little does not pay for what it drew later", () => {
  const shares = new TaskShares();
  const [early, late] = [holder(shares), holder(shares)];
  shares.endTick(tick());
  shares.endWindow(window());
  early.hold(100);
  shares.endTick(tick({ activeWatts: 5 }));
  late.hold(100);
  shares.endTick(tick({ activeWatts: 15 }));
  shares.endWindow(window({ marginalJoules: 2, processCpuSeconds: 0.2, durationSeconds: 0.2 }));
  expect(early.settled().marginalJoules).toBeCloseTo(0.5, 12);
  expect(late.settled().marginalJoules).toBeCloseTo(1.5, 12);
});

test("before the window ends, a task's joules are those of its CPU time at the last window's rate", () => {
  const shares = new TaskShares();
  const task = holder(shares);
  task.hold(100);
  shares.endTick(tick());
  shares.endWindow(window());
  task.hold(50);
  expect(task.settled().marginalJoules).toBeCloseTo(1, 12);
  expect(task.provisional().marginalJoules).toBeCloseTo(1.5, 12);
  expect(task.provisional().isSettled).toBe(false);
});

test("in the first window, where nothing is known of the others yet, CPU seconds count alike whenever power became known", () => {
  const shares = new TaskShares();
  const [early, late] = [holder(shares), holder(shares)];
  early.hold(100);
  shares.endTick(tick({ activeWatts: null }));
  late.hold(20);
  shares.endTick(tick({ processCpuSeconds: 0.02, loopCpuSeconds: 0.02, activeWatts: 50 }));
  shares.endWindow(
    window({ marginalJoules: 6, processCpuSeconds: 0.12, othersCpuSeconds: 0.28, durationSeconds: 0.2 }),
  );
  expect(early.settled().marginalJoules).toBeCloseTo(5, 12);
  expect(late.settled().marginalJoules).toBeCloseTo(1, 12);
});

test("until a window has ended, no joules are made up", () => {
  const shares = new TaskShares();
  const task = holder(shares);
  task.hold(100);
  shares.endTick(tick());
  task.hold(50);
  expect(task.provisional().provisionalJoules).toBeNull();
});

test("provisional joules are the CPU time's at the window's before, though the ticks of both are weighted on other scales", () => {
  const shares = new TaskShares();
  const task = holder(shares);
  const provisional: (number | null)[] = [];
  // The first window knows nothing of the others, who keep three CPUs busy: 30 J for each CPU second.
  for (let second = 0; second < 3; second += 1) {
    for (let tenth = 0; tenth < 10; tenth += 1) {
      task.hold(20);
      shares.endTick(tick({ processCpuSeconds: 0.02, loopCpuSeconds: 0.02, activeWatts: 96 }));
    }
    provisional.push(task.provisional().provisionalJoules);
    shares.endWindow(window({ marginalJoules: 6, processCpuSeconds: 0.2, othersCpuSeconds: 3, durationSeconds: 1 }));
  }
  expect(provisional).toEqual([null, expect.closeTo(6, 9), expect.closeTo(6, 9)]);
  expect(task.settled().marginalJoules).toBeCloseTo(18, 9);
});

test("CPU time of threads beside the loop is no task's", () => {
  const shares = new TaskShares();
  const task = holder(shares);
  task.hold(100);
  shares.endTick(tick({ processCpuSeconds: 0.4 }));
  expect(task.settled().cpuSeconds).toBeCloseTo(0.1, 12);
  expect(shares.shares().otherThreads.cpuSeconds).toBeCloseTo(0.3, 12);
});

test("a worker's CPU time goes to the task that it works for", () => {
  const shares = new TaskShares();
  const task = holder(shares);
  const charge = (cpuSeconds: number, ended: Parameters<TaskAccount["addCpu"]>[1]) => task.addCpu(cpuSeconds, ended);
  shares.endTick(tick({ processCpuSeconds: 0.4, charges: [{ cpuSeconds: 0.25, charge }] }));
  expect(task.settled().cpuSeconds).toBeCloseTo(0.25, 12);
  expect(shares.shares().otherThreads.cpuSeconds).toBeCloseTo(0.05, 12);
});

test("a loop's clock that is ahead of the process's is not counted twice", () => {
  const shares = new TaskShares();
  shares.endTick(tick({ processCpuSeconds: 0.09, loopCpuSeconds: 0.1 }));
  shares.endTick(tick({ processCpuSeconds: 0.11, loopCpuSeconds: 0.1 }));
  expect(shares.shares().process.cpuSeconds).toBeCloseTo(0.2, 12);
  expect(shares.shares().otherThreads.cpuSeconds).toBeCloseTo(0, 12);
});

test("where the thread's own clock is not known, the whole process's time is shared", () => {
  const shares = new TaskShares();
  const task = holder(shares);
  task.hold(50);
  shares.endTick(tick({ processCpuSeconds: 0.1, loopCpuSeconds: null }));
  expect(task.settled().cpuSeconds).toBeCloseTo(0.05, 12);
  expect(shares.shares().otherThreads.cpuSeconds).toBe(0);
});

test("child processes are beside the tasks, in proportion to their CPU time", () => {
  const shares = new TaskShares();
  shares.endTick(tick());
  shares.endWindow(window({ childCpuSeconds: 0.3 }));
  expect(shares.shares().childProcesses.marginalJoules).toBeCloseTo(0.75, 12);
});

test("joules of a window in which nothing of the process ran belong to no task", () => {
  const shares = new TaskShares();
  const task = holder(shares);
  shares.endTick(tick({ processCpuSeconds: 0, loopCpuSeconds: 0 }));
  shares.endWindow(window({ processCpuSeconds: 0 }));
  expect(task.settled().marginalJoules).toBe(0);
  expect(shares.shares().outsideTasks.marginalJoules).toBe(1);
});

test("whatever happens, tasks and what is no task's add up to the process, to rounding", () => {
  const amount = double({ min: 0, max: 10, noNaN: true });
  const step = record({
    kind: constantFrom("hold", "tick", "window"),
    task: integer({ min: 0, max: 4 }),
    amount,
    other: amount,
    joules: double({ min: -50, max: 500, noNaN: true }),
  });
  const outcome = check(
    property(sequenceOf(step, { maxLength: 200 }), (steps) => {
      const shares = new TaskShares();
      const tasks = Array.from({ length: 5 }, () => holder(shares));
      let [processJoules, processProportional] = [0, 0];
      for (const { kind, task, amount: size, other, joules } of steps) {
        if (kind === "hold") tasks[task]?.hold(size * 10);
        if (kind !== "hold") {
          const charge = (cpuSeconds: number, ended: Parameters<TaskAccount["addCpu"]>[1]) =>
            tasks[task]?.addCpu(cpuSeconds, ended);
          shares.endTick({
            durationSeconds: 0.1,
            processCpuSeconds: size + other / 2,
            loopCpuSeconds: task === 0 ? null : size,
            charges: [{ cpuSeconds: other / 4, charge: task === 1 ? null : charge }],
            activeWatts: task === 2 ? null : joules,
          });
        }
        if (kind !== "window") continue;
        shares.endWindow(
          window({ marginalJoules: joules, proportionalJoules: joules * 2, childCpuSeconds: task === 3 ? other : 0 }),
        );
        processJoules += joules;
        processProportional += joules * 2;
      }
      const { process, outsideTasks, otherThreads, childProcesses } = shares.shares();
      const parts = [...tasks.map((task) => task.settled()), outsideTasks, otherThreads, childProcesses];
      const scale = 1 + sumOf(parts, ({ marginalJoules, cpuSeconds }) => Math.abs(marginalJoules) + cpuSeconds);
      const residues = [
        sumOf(parts, ({ cpuSeconds }) => cpuSeconds) - process.cpuSeconds,
        sumOf(parts, ({ marginalJoules }) => marginalJoules) - processJoules,
        sumOf(parts, ({ proportionalJoules }) => proportionalJoules) - processProportional,
        process.marginalJoules - processJoules,
      ];
      return residues.every((residue) => Math.abs(residue) <= 1e-9 * scale);
    }),
    { numRuns: 300 },
  );
  expect(outcome.counterexample).toBeNull();
});
