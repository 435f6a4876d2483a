import { measureVerification } from "./ledger-verify.mjs";

/** What it takes to verify. Ends with 1 when memory grows with the file. */
if (!(await measureVerification())) process.exitCode = 1;
