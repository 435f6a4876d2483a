import { measureAppends } from "./ledger-append.mjs";
import { measureVerification } from "./ledger-verify.mjs";

/** What the ledger costs. Ends with 1 when a promise is broken. */
const kept = [await measureAppends(), await measureVerification()];
if (!kept.every(Boolean)) process.exitCode = 1;
