import { answerBlockTasks } from "../../../ledger/block-worker.ts";
import { recordFault } from "../../../record/record-fault.ts";

/** Where a thread of `ledger verify --deep` starts. */
answerBlockTasks(recordFault);
