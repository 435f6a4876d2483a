import { CarbonOpsError } from "../errors.ts";

/** What the library calls an input, and what somebody at a shell has typed. */
const flagWords: readonly (readonly [RegExp, string])[] = [
  [/^trials and seed belong to the method /, "--trials and --seed belong to --method "],
  [/^trials\b/, "--trials"],
  [/^seed\b/, "--seed"],
  [/(The embodied )?\bmanufacturingKg\b/g, "--manufacturing-kg"],
  [/(The embodied )?\blifetimeYears\b/g, "--lifetime-years"],
  [/(The embodied )?\bresourceShare\b/g, "--resource-share"],
  [/\bfunctionalUnit\.count\b/g, "--functional-unit-count"],
  [/^The functional unit's name\b/, "--functional-unit"],
  [/\benergyWh\b/g, "--energy-wh"],
  [/\bpowerWatts\b/g, "--power-w"],
  [/\b(durationSeconds|reservedSeconds)\b/g, "--duration"],
  [/\bstartTs plus the duration\b/g, "--start plus --duration"],
  [/\bstartTs\b/g, "--start"],
  [/\bendTs\b/g, "--end"],
];

/** An error about an input of `estimate` in the words of its flags; any other as it is. */
export function inFlagWords(error: unknown): unknown {
  if (!(error instanceof CarbonOpsError) || error.code !== "INPUT_INVALID") return error;
  const words = flagWords.reduce((message, [member, flag]) => message.replace(member, flag), error.message);
  return new CarbonOpsError(error.code, words, { cause: error });
}
