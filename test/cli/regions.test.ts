import { expect, test } from "vitest";
import { carbonOps } from "../support/program.ts";

test("a search by words shows value, year, kind and source", async () => {
  const { status, stdout } = await carbonOps(["regions", "germany"]);
  const text = stdout.toString();
  expect(status).toBe(0);
  expect(text).toMatch(/^DE\s+DE\s+342\s+2024/m);
  expect(text).toContain("average");
  expect(text).toContain("Ember");
  expect(text).toContain("CC BY 4.0");
});

test("a cloud region is mapped to its zone", async () => {
  const { stdout } = await carbonOps(["regions", "--json", "aws:eu-west-1"]);
  expect(JSON.parse(stdout.toString())).toMatchObject([{ region: "aws:eu-west-1", zone: "IE" }]);
});

test("a cloud region says how it is mapped, and what its marginal rate is of and from", async () => {
  const { stdout } = await carbonOps(["regions", "aws:eu-west-1"]);
  const text = stdout.toString();
  expect(text).toContain("Mapping: aws:eu-west-1 draws from grid zone IE");
  expect(text).toMatch(/Marginal: WattTime MOER.*2023 or 2024/);
});

test("a place that is not there is one sentence with the nearest one", async () => {
  const { status, stdout, stderr } = await carbonOps(["regions", "Germny"]);
  expect(status).toBe(2);
  expect(stdout.toString()).toBe("");
  expect(stderr).toBe('carbon-ops: No region matches "Germny"; did you mean Germany?\n');
});
