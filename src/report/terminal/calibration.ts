import type { StoredBaseline } from "../../monitor/stored-baseline.ts";
import { formatDurationSeconds, formatRatioAsPercent, formatWatts } from "../../units.ts";
import { labelledRows, type TextStyle } from "./style.ts";

export interface CalibrationResult {
  readonly path: string;
  readonly baseline: StoredBaseline;
  readonly wasIdle: boolean;
}

/** What `carbon-ops calibrate` shows on a terminal. */
export function calibrationPage(
  { path, baseline, wasIdle }: CalibrationResult,
  width: number,
  style: TextStyle,
): string {
  const { watts, standardUncertaintyWatts, hostBusyRatio, durationSeconds, host } = baseline;
  const busy = `CPUs busy for ${formatRatioAsPercent(hostBusyRatio)} of ${formatDurationSeconds(durationSeconds)}`;
  const caution = wasIdle ? "" : ", so this is more than idle power";
  const verdict = wasIdle ? style.good("idle") : style.caution("not idle");
  return [
    `${style.strong("Idle power")} of ${host}: ${formatWatts(watts)}\n`,
    labelledRows(
      [
        ["spread", `standard uncertainty ${formatWatts(standardUncertaintyWatts)} from ten windows`],
        ["host", `${verdict}: ${busy}${caution}`],
        ["joules from", baseline.energySourceLabel],
        ["stored in", `${path}; used on this host, with this source, for 30 days`],
      ],
      width,
      style,
    ),
  ].join("");
}
