import { expect, test } from "vitest";
import { aggregateItem } from "../../src/record/aggregate-item.ts";
import { buildCarbonEstimateRecord } from "../../src/record/carbon-estimate-record.ts";
import { parseRecord } from "../../src/record/parse-record.ts";
import { exampleRun } from "./example.ts";

const note = {
  kind: "note",
  schema_version: "1.0.0",
  created_at: "2026-01-01T00:00:00.000Z",
  text: "The meter was replaced.",
  about_seq: 7,
  labels: {},
};

test("a note about a record is accepted", () => {
  expect(parseRecord(note)).toEqual(note);
});

test("a record of any kind may hold the id of its append and a signature", async () => {
  const envelope = { append_id: "job-7", signature: "c2ln", signing_key: "name+00000000+AQ==" };
  const estimate = buildCarbonEstimateRecord(await exampleRun());
  for (const record of [note, estimate]) {
    expect(parseRecord({ ...record, ...envelope })).toEqual({ ...record, ...envelope });
  }
  expect(aggregateItem({ ...estimate, ...envelope })).toMatchObject({ grams: estimate.grams });
});

test.each([
  ["a member that the schema does not know", { ...note, extra: 1 }, "extra"],
  ["a missing member", { ...note, text: undefined }, '"text"'],
  ["a time that is none", { ...note, created_at: "yesterday" }, '"created_at"'],
  ["a time that is not UTC", { ...note, created_at: "2026-01-01T00:00:00+02:00" }, '"created_at"'],
  ["an integer beyond 2^53", { ...note, about_seq: 2 ** 53 }, '"about_seq"'],
  ["a fraction where an integer belongs", { ...note, about_seq: 1.5 }, '"about_seq"'],
  ["another version", { ...note, schema_version: "9.0.0" }, '"schema_version"'],
  ["something that is no object", "note", "object"],
  ["an object without a kind", {}, '"kind"'],
])("%s is refused with its place", (_, value, place) => {
  expect(() => parseRecord(value)).toThrow(
    expect.objectContaining({ code: "RECORD_INVALID", message: expect.stringContaining(place) }),
  );
});

test("a nested misfit is named by its path, with what is allowed there", async () => {
  const record = buildCarbonEstimateRecord(await exampleRun());
  expect(() => parseRecord({ ...record, intensity: { ...record.intensity, kind: "mean" } })).toThrow(
    'The record\'s member "intensity.kind" is "mean"; it must be "average" or "marginal".',
  );
});

test.each([
  ["a missing member", { text: undefined }, `The record's member "text" is missing; it must be a text.`],
  ["an empty text", { text: "" }, `The record's member "text" is ""; it must be a text that is not empty.`],
  ["a wrong type", { about_seq: "3" }, `The record's member "about_seq" is "3"; it must be a number.`],
  ["a fraction", { about_seq: 1.5 }, `The record's member "about_seq" is 1.5; it must be a whole number.`],
  ["a number below the range", { about_seq: -1 }, `The record's member "about_seq" is -1; it must be at least 0.`],
  ["a member too many", { extra: 1 }, 'The record has a member that its schema does not know, "extra"; remove it.'],
  [
    "no time",
    { created_at: "yesterday" },
    `The record's member "created_at" is "yesterday"; it must be a time in UTC such as 2026-01-01T00:00:00.000Z.`,
  ],
  ["a label that is no text", { labels: { team: 1 } }, `The record's member "labels.team" is 1; it must be a text.`],
])("%s is refused in one sentence: which member, what it is, what is allowed", (_what, members, sentence) => {
  expect(() => parseRecord({ ...note, ...members })).toThrow(
    expect.objectContaining({ code: "RECORD_INVALID", message: sentence }),
  );
});

test("a misspelt kind is named with the nearest one", () => {
  expect(() => parseRecord({ ...note, kind: "notes" })).toThrow(
    'The record\'s kind is "notes", which has no schema; did you mean note?',
  );
});
