import { formatDurationSeconds, secondsFromNanoseconds } from "../../../units.ts";
import type { CommandContext } from "../../context.ts";

/** What happens meanwhile, on standard error. It shows no interim result: who stops at a good one has fooled himself. */
export interface Progress {
  /** A line that stays. */
  say(line: string): void;
  /** A stage of so many rounds begins. */
  start(stage: string, roundCount: number): void;
  /** A run begins; `roundsDone` of the stage are complete. */
  run(label: string, roundsDone: number): void;
  /** Leaves the line clean. */
  end(): void;
}

const eraseLine = "\r\u001b[K";
/** Without a terminal, a line so often: a build log is no cinema. */
const secondsBetweenLines = 10;

export function openProgress({ stderr, clock }: CommandContext, isQuiet: boolean): Progress {
  const isTerminal = stderr.isTTY === true;
  let stage = "";
  let roundCount = 0;
  let startNs = clock.monotonicNs();
  let lastLineNs = startNs;
  const write = (text: string): void => {
    if (!isQuiet) stderr.write(text);
  };
  const clear = (): void => {
    if (isTerminal) write(eraseLine);
  };
  return {
    say: (line) => {
      clear();
      write(`${line}\n`);
    },
    start: (name, count) => {
      [stage, roundCount, startNs] = [name, count, clock.monotonicNs()];
      lastLineNs = startNs;
    },
    run: (label, roundsDone) => {
      const nowNs = clock.monotonicNs();
      const elapsedSeconds = secondsFromNanoseconds(nowNs - startNs);
      const left =
        roundsDone === 0
          ? ""
          : `, about ${formatDurationSeconds((elapsedSeconds / roundsDone) * (roundCount - roundsDone))} left`;
      const line = `${stage} ${roundsDone + 1} of ${roundCount}`;
      if (isTerminal) write(`${eraseLine}${line}, ${label}${left}`);
      else if (secondsFromNanoseconds(nowNs - lastLineNs) >= secondsBetweenLines) {
        lastLineNs = nowNs;
        write(`${line}${left}\n`);
      }
    },
    end: clear,
  };
}
