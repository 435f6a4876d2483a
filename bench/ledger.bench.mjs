import { measureAppends } from "./ledger-append.mjs";

/** What the ledger costs. Ends with 1 when a promise is broken. */
if (!(await measureAppends())) process.exitCode = 1;
