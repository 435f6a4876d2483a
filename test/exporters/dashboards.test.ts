import { expect, test } from "vitest";
import {
  alertsIn,
  dashboardFiles,
  recordedIn,
  ruleFiles,
  shippedDashboard,
  shippedPrometheusFile,
} from "./shipped-queries.ts";

test.each(dashboardFiles)("%s has a place, a unit and an explanation for each panel", (name) => {
  const { panels } = shippedDashboard(name);
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  for (const { type, title, description, fieldConfig, targets } of panels) {
    if (type === "row") continue;
    expect({ title, description, unit: fieldConfig?.defaults.unit, queries: targets.length > 0 }).toEqual({
      title,
      description: expect.stringMatching(/\.$/),
      unit: expect.stringMatching(/./),
      queries: true,
    });
  }
});

test.each(dashboardFiles)("no two panels of %s overlap, and all are on the grid", (name) => {
  const taken = new Map<string, string>();
  for (const { title, gridPos } of shippedDashboard(name).panels) {
    const { x, y, w, h } = gridPos;
    expect(x + w).toBeLessThanOrEqual(24);
    for (let column = x; column < x + w; column += 1) {
      for (let row = y; row < y + h; row += 1) {
        expect(taken.get(`${column},${row}`), `${title} lies on`).toBeUndefined();
        taken.set(`${column},${row}`, title);
      }
    }
  }
});

test.each(dashboardFiles)("%s takes its data source and every variable from what the reader chose", (name) => {
  const { panels, templating } = shippedDashboard(name);
  const known = new Set(templating.list.map((variable) => variable.name));
  const sources = panels.flatMap(({ datasource, targets }) => [datasource, ...targets.map((each) => each.datasource)]);
  expect(new Set(sources.flatMap((source) => source?.uid ?? []))).toEqual(new Set(["$\u007bdatasource}"]));
  const used = panels.flatMap(({ targets }) => targets.flatMap(({ expr }) => [...expr.matchAll(/\$(?!__)(\w+)/g)]));
  expect(used.map(([, variable = ""]) => variable).filter((variable) => !known.has(variable))).toEqual([]);
});

test("every rule and every alert has an example in the rules' own tests", () => {
  const examples = shippedPrometheusFile("carbon-ops.test.yml");
  for (const file of ruleFiles) {
    const rules = shippedPrometheusFile(file);
    const untested = [...recordedIn(rules), ...alertsIn(rules)].filter(
      (name) => !new RegExp(`(expr: |alertname: )${name}\\b`).test(examples),
    );
    expect(untested).toEqual([]);
  }
});
