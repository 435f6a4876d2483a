import axe from "axe-core";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { z } from "zod";

export async function startChromium(program: string): Promise<Browser> {
  const quiet = ["background-networking", "component-update", "sync", "quic", "gpu"].map((what) => `--disable-${what}`);
  return await chromium.launch({ executablePath: program, args: ["--no-sandbox", "--no-first-run", ...quiet] });
}

export interface VisitedPage extends AsyncDisposable {
  readonly page: Page;
  /** What the page wrote to the console, or threw. */
  readonly complaints: readonly string[];
  /** Whatever it asked for beside its own address. */
  readonly requests: readonly string[];
}

export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<VisitedPage> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const [complaints, requests]: [string[], string[]] = [[], []];
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("dialog", (dialog) => complaints.push(dialog.message()));
  page.on("request", (request) => {
    if (request.url() !== url && !request.url().startsWith("data:")) requests.push(request.url());
  });
  await page.goto(url);
  return { page, complaints, requests, [Symbol.asyncDispose]: () => context.close() };
}

const axeResults = z.object({
  passes: z.array(z.unknown()),
  violations: z.array(z.object({ id: z.string(), nodes: z.array(z.object({ html: z.string() })) })),
});

/** What axe-core finds wrong with the page for people who see or move otherwise: rule and first element; and how many rules hold. */
export async function accessibilityFaults(page: Page) {
  await page.evaluate(axe.source);
  const { violations, passes } = axeResults.parse(await page.evaluate("axe.run({ resultTypes: ['violations'] })"));
  return { faults: violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ""}`), passes: passes.length };
}
