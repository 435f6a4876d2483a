import { answerBlockTasks } from "../../../ledger/block-worker.ts";
import { recordCheck } from "./record-check.ts";

/** Where a thread of `ledger verify --deep` starts. */
answerBlockTasks(recordCheck);
