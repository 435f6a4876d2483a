import { measureAppends } from "./ledger-append.mjs";

/** What it takes to append. Ends with 1 when a record is lost, doubled, out of order or unsigned. */
if (!(await measureAppends())) process.exitCode = 1;
