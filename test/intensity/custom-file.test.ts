import { utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { customFile } from "../../src/intensity/custom-file.ts";
import type { IntensityKind } from "../../src/intensity/intensity.ts";
import { clockAt, directoryOfTest, hours } from "../support/opened-intensity.ts";

const clock = clockAt("2026-03-20T00:00:00Z");
const interval = hours("2026-03-08T10:30:00Z", "2026-03-08T11:30:00Z");

const csv = `# source: Our own meter and contract
# licence: internal
# relative_uncertainty: 0.03
zone,start,end,grams_per_kwh
DE,2026-03-08T10:00Z,2026-03-08T11:00Z,120
DE,2026-03-08T11:00Z,2026-03-08T12:00Z,80.5
FR,,,44
`;

async function seriesOf(text: string, zone = "DE", kind: IntensityKind = "average") {
  const path = join(directoryOfTest(), "ours.csv");
  writeFileSync(path, text);
  return customFile(path, clock).series({ kind, interval, zone });
}

test("a CSV file gives the periods of the interval, with its source and uncertainty", async () => {
  const series = await seriesOf(csv);
  expect(series).toMatchObject({
    source: "Our own meter and contract",
    licence: "internal",
    periods: [
      { gramsPerKwh: 120, isEstimated: false },
      { gramsPerKwh: 80.5, isEstimated: false },
    ],
    errors: [{ relativeUncertainty: 0.03 }],
  });
});

test("a value without times holds at any time, as an estimate", async () => {
  const { periods } = await seriesOf(csv, "FR");
  expect(periods).toMatchObject([{ ...interval, gramsPerKwh: 44, isEstimated: true }]);
});

test("a JSON file says the same", async () => {
  const values = [
    { zone: "DE", kind: "marginal", start: "2026-03-08T10:00Z", end: "2026-03-08T12:00Z", gramsPerKwh: 0 },
  ];
  const series = await seriesOf(
    JSON.stringify({ source: "Ours", scope: "direct", basis: "production", values }),
    "DE",
    "marginal",
  );
  expect(series).toMatchObject({
    kind: "marginal",
    scope: "direct",
    basis: "production",
    periods: [{ gramsPerKwh: 0 }],
  });
});

test("a file that changes is read again", async () => {
  const path = join(directoryOfTest(), "ours.csv");
  writeFileSync(path, csv);
  const provider = customFile(path, clock);
  const gramsNow = async (): Promise<number | undefined> =>
    (await provider.series({ kind: "average", interval, zone: "FR" })).periods[0]?.gramsPerKwh;
  const before = await gramsNow();
  writeFileSync(path, csv.replace("44", "45"));
  utimesSync(path, 1, 1);
  expect([before, await gramsNow()]).toEqual([44, 45]);
});

test.each([
  ["the zone", "PL", "average"],
  ["the kind", "DE", "marginal"],
] as const)("a file that lacks %s has no data", async (_, zone, kind) => {
  await expect(seriesOf(csv, zone, kind)).rejects.toMatchObject({ code: "INTENSITY_NO_DATA" });
});

test.each([
  ["names no source", csv.replace("# source", "# sauce"), /must name its source/],
  ["has a value that is none", csv.replace("80.5", "-80.5"), /value 2 needs grams per kWh/],
  ["has a time without a zone", csv.replace("2026-03-08T11:00Z,120", "2026-03-08T11:00,120"), /value 1 needs a start/],
  ["ends before it starts", csv.replace("2026-03-08T12:00Z", "2026-03-08T09:00Z"), /value 2 needs a start/],
  [
    "has two values for one time",
    csv.replace("DE,2026-03-08T11:00Z", "DE,2026-03-08T10:30Z"),
    /two average values of DE/,
  ],
  ["has an unknown kind", csv.replace("kwh\n", "kwh,kind\n").replace("44", "44,mean"), /kind/],
  ["is no JSON", "{", /it is no JSON/],
  ["is empty", "", /column names/],
])("a file that %s is refused in one sentence", async (_, text, words) => {
  await expect(seriesOf(text)).rejects.toMatchObject({
    code: "INTENSITY_ANSWER_INVALID",
    message: expect.stringMatching(words),
  });
});

test("a file that is not there cannot be read", async () => {
  const missing = customFile(join(directoryOfTest(), "none.csv"), clock).series({
    kind: "average",
    interval,
    zone: "DE",
  });
  await expect(missing).rejects.toMatchObject({ code: "CONFIG_UNREADABLE" });
});
