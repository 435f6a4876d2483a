import { answerBlockTasks } from "./block-worker.ts";

/** Where a thread starts that looks at the blocks of a ledger. */
answerBlockTasks(null);
