import type { VerifyProgress } from "../../../ledger/index.ts";
import { secondsFromNanoseconds } from "../../../units.ts";
import type { CommandContext } from "../../context.ts";

const intervalSeconds = 0.2;

/** How far a verification has come, on stderr where that is a terminal; it leaves nothing behind. */
export function verifyProgress({ stderr, clock }: CommandContext) {
  const startNs = clock.monotonicNs();
  let shownNs = startNs;
  let isShown = false;
  return {
    show: ({ bytes, lines, totalBytes }: VerifyProgress): void => {
      const nowNs = clock.monotonicNs();
      if (stderr.isTTY !== true || secondsFromNanoseconds(nowNs - shownNs) < intervalSeconds) return;
      shownNs = nowNs;
      isShown = true;
      const seconds = secondsFromNanoseconds(nowNs - startNs);
      const share = totalBytes === null || totalBytes === 0 ? "" : `${Math.floor((100 * bytes) / totalBytes)} % `;
      const speed = Math.round(bytes / 1e6 / Math.max(seconds, 0.001));
      stderr.write(`\r\x1b[K${share}${lines} lines, ${Math.round(bytes / 1e6)} MB, ${speed} MB/s`);
    },
    clear: (): void => {
      if (isShown) stderr.write("\r\x1b[K");
      isShown = false;
    },
  };
}
