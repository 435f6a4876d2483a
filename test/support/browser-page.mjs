import { chromium } from "playwright-core";

/** JavaScript, and typed beside it: playwright-core's own types need those of a browser, which nothing else here may see. */
const flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"];
const offline = ["--disable-background-networking", "--disable-component-update", "--disable-sync"];

export async function openPage({ executablePath, folder, url }) {
  const browser = await chromium.launchPersistentContext(folder, { executablePath, args: [...flags, ...offline] });
  const page = await browser.newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(error.message));
  await page.goto(url);
  return {
    faults,
    evaluate: (expression) => page.evaluate(expression),
    close: () => browser.close(),
  };
}
