import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { accessibilityFaults, openPage, startChromium } from "../../support/chromium.ts";
import { installed } from "../../support/installed.ts";
import { beginning, exampleRecord, hostileNames, shellWithLedger } from "../../support/ledger-for-report.ts";

const chromiums = installed("chromium", "no report is looked at in a browser");

const started = 123_456_789;
const calls = {
  started,
  watched: started,
  completed: started,
  failed: 0,
  cancelled: 0,
  duration_seconds: 1,
  cpu_seconds: 1,
};

/** Every second day one, so that there are gaps. */
async function hostileRecord(name: string, index: number) {
  return await exampleRecord({
    ...beginning(`2026-03-${String(1 + 2 * index).padStart(2, "0")}T10:00:00.000Z`),
    name,
    region: name.slice(0, 200),
    labels: { [index < 2 ? name : "team"]: name.slice(0, 300) },
    notes: [name.slice(0, 600)],
    schema_version: "1.3.0",
    calls,
  });
}

test("the page is one file: it names no script, no style sheet and no picture elsewhere", async () => {
  const shell = await shellWithLedger(async (ledger) => {
    await ledger.append(await hostileRecord("nightly build", 0));
  });
  await shell.run("report", "a.ndjson", "-o", "report.html");
  const page = shell.read("report.html");
  expect(page).toContain("nightly build");
  expect(page).not.toMatch(/<(?:script|img|iframe|object)\b|\b(?:src|srcset)=|@import|url\(/);
  expect([...page.matchAll(/<link\b[^>]*href="([^"]*)"/g)].map(([, href]) => href)).toEqual(["data:,"]);
});

const phone = { viewport: { width: 360, height: 740 } };
const desk = { viewport: { width: 1200, height: 900 } };

describe.each(chromiums)("in %s", (program) => {
  let browser: Browser;
  let shell: Awaited<ReturnType<typeof shellWithLedger>>;
  const directory = mkdtempSync(join(tmpdir(), "carbon-ops test "));

  beforeAll(async () => {
    browser = await startChromium(program);
    shell = await shellWithLedger(async (ledger) => {
      for (const [index, name] of hostileNames.entries()) await ledger.append(await hostileRecord(name, index));
    }, directory);
    await shell.run("report", "a.ndjson", "-o", "hostile.html", "--title", hostileNames[0]);
    shell.write("bad.ndjson", shell.read("a.ndjson").replace('"team":', '"Team":'));
    await shell.run("report", "bad.ndjson", "-o", "bad.html");
    shell.write("cut.ndjson", `${shell.read("a.ndjson").split("\n")[0] ?? ""}\n`);
    await shell.run("report", "cut.ndjson", "-o", "empty.html");
  });

  afterAll(async () => {
    await browser.close();
    rmSync(directory, { recursive: true });
  });

  const atDesk = [
    ["hostile.html", "light"],
    ["hostile.html", "dark"],
    ["bad.html", "light"],
    ["bad.html", "dark"],
    ["empty.html", "light"],
  ] as const;

  test.each(atDesk)("%s asks for nothing, complains of nothing and shuts nobody out, %s", async (file, colorScheme) => {
    await using opened = await openPage(browser, pathToFileURL(shell.path(file)).href, { ...desk, colorScheme });
    const { faults, passes } = await accessibilityFaults(opened.page);
    expect(faults).toEqual([]);
    expect(passes).toBeGreaterThan(15);
    expect([opened.requests, opened.complaints]).toEqual([[], []]);
  });

  const onPhone = [
    ["hostile.html", "light"],
    ["bad.html", "dark"],
    ["empty.html", "dark"],
  ] as const;

  test.each(onPhone)(
    "%s fits a phone of 360 px without scrolling aside, and stays accessible there, %s",
    async (file, colorScheme) => {
      await using opened = await openPage(browser, pathToFileURL(shell.path(file)).href, { ...phone, colorScheme });
      const { page } = opened;
      for (const details of await page.locator("summary").all()) await details.click();
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
      expect((await accessibilityFaults(page)).faults).toEqual([]);
    },
  );

  test("names are text: nothing of them becomes a part of the page", async () => {
    await using opened = await openPage(browser, pathToFileURL(shell.path("hostile.html")).href, desk);
    const { page } = opened;
    expect(await page.locator("script, img, iframe, object, b, [onload], [onerror]").count()).toBe(0);
    expect(await page.title()).toBe(hostileNames[0]);
    const names = await page.locator("#by-0 tbody bdi").allTextContents();
    expect(names).toEqual(expect.arrayContaining([hostileNames[1], hostileNames[2], hostileNames[3], hostileNames[6]]));
    expect(Math.max(...names.map((name) => name.length))).toBeLessThan(130);
  });

  test("its own style sheet is the only one that its policy admits", async () => {
    await using opened = await openPage(browser, pathToFileURL(shell.path("hostile.html")).href, {
      ...desk,
      colorScheme: "light",
    });
    const { page } = opened;
    expect(await page.evaluate("getComputedStyle(document.body).backgroundColor")).toBe("rgb(247, 246, 242)");
    await page.evaluate(
      "document.head.append(Object.assign(document.createElement('style'), { textContent: 'body { background: red }' }))",
    );
    expect(await page.evaluate("getComputedStyle(document.body).backgroundColor")).toBe("rgb(247, 246, 242)");
  });

  test("the keyboard reaches the figures at once, every link, and the tables behind the charts", async () => {
    await using opened = await openPage(browser, pathToFileURL(shell.path("hostile.html")).href, desk);
    const { page } = opened;
    const reached = (): Promise<unknown> => page.evaluate("document.activeElement.outerHTML.slice(0, 60)");
    await page.keyboard.press("Tab");
    expect(await reached()).toContain('class="skip"');
    const links = await page.locator("nav a").count();
    for (let link = 0; link < links; link += 1) await page.keyboard.press("Tab");
    expect(await reached()).toContain('href="#method"');
    await page.keyboard.press("Tab");
    expect(await reached()).toContain("<summary>");
    await page.keyboard.press("Enter");
    expect(await page.locator("details table").first().isVisible()).toBe(true);
    await page.locator(".skip").focus();
    await page.keyboard.press("Enter");
    expect(await reached()).toContain('<main id="content"');
  });

  test("a screen reader hears charts in words, and tables as tables on a phone too", async () => {
    await using opened = await openPage(browser, pathToFileURL(shell.path("hostile.html")).href, phone);
    const { page } = opened;
    expect(
      await page.getByRole("img", { name: /Bar chart of CO2e over 15 periods of a day: the largest is/ }).count(),
    ).toBe(1);
    expect(await page.getByRole("rowheader").count()).toBeGreaterThan(hostileNames.length);
    expect(await page.getByRole("columnheader", { name: "95 % interval" }).count()).toBeGreaterThan(2);
    expect(await page.getByRole("navigation", { name: "Contents" }).count()).toBe(1);
  });

  test("days without a record are shown as gaps", async () => {
    await using opened = await openPage(browser, pathToFileURL(shell.path("hostile.html")).href, desk);
    expect(await opened.page.locator("figure").first().locator("g rect.gap").count()).toBe(7);
  });

  test("on paper it is dark on white, without links to click, and with the tables that are folded on a screen", async () => {
    await using opened = await openPage(browser, pathToFileURL(shell.path("hostile.html")).href, {
      ...desk,
      colorScheme: "dark",
    });
    const { page } = opened;
    await page.emulateMedia({ media: "print" });
    expect(await page.evaluate("getComputedStyle(document.body).backgroundColor")).toBe("rgb(255, 255, 255)");
    expect(await page.evaluate("getComputedStyle(document.body).color")).toBe("rgb(27, 33, 31)");
    expect(await page.locator("nav").isVisible()).toBe(false);
    expect(
      await page.evaluate("document.querySelector('details table').getBoundingClientRect().height"),
    ).toBeGreaterThan(100);
    expect((await page.pdf()).subarray(0, 5).toString()).toBe("%PDF-");
  });

  test("a ledger that was touched is said so in letters larger than any heading", async () => {
    await using opened = await openPage(browser, pathToFileURL(shell.path("bad.html")).href, desk);
    const { page } = opened;
    const sizes: unknown = await page.evaluate(
      "['.banner.bad strong', 'h1'].map((each) => parseFloat(getComputedStyle(document.querySelector(each)).fontSize))",
    );
    expect(await page.locator(".banner.bad strong").textContent()).toBe("NOT VALID");
    expect(sizes).toEqual([32, expect.closeTo(27.2)]);
  });
});
