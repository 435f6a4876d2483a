import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { Readable } from "node:stream";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import * as inNode from "../../../src/ledger/browser/index.ts";
import { Ledger } from "../../../src/ledger/ledger.ts";
import { proveRecord } from "../../../src/ledger/prove.ts";
import { verifyLedger } from "../../../src/ledger/verify.ts";
import { openPage, startChromium, type VisitedPage } from "../../support/chromium.ts";
import { installed } from "../../support/installed.ts";
import { signerFromSeed, vkeyOf } from "../keys.ts";
import { ledgerPath, linesOf, options, vkey } from "../ledger-folder.ts";

/** `carbon-ops/ledger/browser` as it is shipped, in a page of a real browser: what it says there and in Node.js is the same. */

const stranger = vkeyOf(signerFromSeed(9, "example.com/stranger"));
const weak = "example.com/weak+eedbb23f+AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

const html = `<!doctype html><script type="module">
import * as ledger from "/ledger/browser/index.js";
const plain = (_, value) => value instanceof Uint8Array ? [...value] : value;
globalThis.answer = ([name, ...inputs]) =>
  ledger[name](...inputs).catch(({ code }) => ({ code })).then((verdict) => JSON.stringify(verdict, plain));
</script>`;

type Question =
  | readonly ["hasEd25519"]
  | readonly ["verifyCheckpoint", note: string, keys: readonly string[]]
  | readonly ["verifyRecordProof", proof: string, keys: readonly string[], line?: string]
  | readonly ["verifyLedger", ledger: string, evidence: inNode.LedgerEvidence];

async function answerInNode([...question]: Question): Promise<unknown> {
  const ask = async () => {
    if (question[0] === "hasEd25519") return await inNode.hasEd25519();
    if (question[0] === "verifyCheckpoint") return await inNode.verifyCheckpoint(question[1], question[2]);
    if (question[0] === "verifyLedger") return await inNode.verifyLedger(question[1], question[2]);
    return await inNode.verifyRecordProof(question[1], question[2], question[3]);
  };
  const answer: unknown = await ask().catch(({ code }) => ({ code }));
  return JSON.parse(JSON.stringify(answer, (_, value) => (value instanceof Uint8Array ? [...value] : value)));
}

/** Modules of dist/, and the page for any other address. */
function servePage(): Server {
  return createServer(({ url = "/" }, response) => {
    const isModule = /^(?:\/[a-z0-9-]+)+\.js$/.test(url);
    response.setHeader("content-type", isModule ? "text/javascript" : "text/html; charset=utf-8");
    response.end(isModule ? readFileSync(new URL(`../../../dist${url}`, import.meta.url)) : html);
  });
}

async function urlOf(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("it listens on no port");
  return `http://127.0.0.1:${address.port}/`;
}

/** A ledger of a genesis record and 19 others, as text. */
async function signedLedger() {
  const path = ledgerPath();
  const ledger = await Ledger.create(path, options);
  await Promise.all(
    Array.from({ length: 19 }, (_, index) => ledger.append({ kind: "test", index, text: "\u00e9 \\" })),
  );
  await ledger.close();
  const checkpoint = readFileSync(`${path}.checkpoint`, "utf8");
  return { path, text: readFileSync(path, "utf8"), lines: linesOf(path), evidence: { keys: [vkey], checkpoint } };
}

test("every module that the page loads is served, and imports only such modules", async () => {
  const server = servePage();
  onTestFinished(() => void server.close());
  const base = await urlOf(server);
  const modules = new Set(["ledger/browser/index.js"].map((path) => new URL(path, base).href));
  for (const url of modules) {
    const response = await fetch(url);
    expect(response.headers.get("content-type")).toBe("text/javascript");
    for (const [, specifier = ""] of (await response.text()).matchAll(/from "([^"]+)"/g)) {
      expect(specifier).toMatch(/^\./);
      modules.add(new URL(specifier, url).href);
    }
  }
  expect(modules.size).toBeGreaterThan(8);
});

const chromiums = installed("chromium", "carbon-ops/ledger/browser is tested in Node.js only");

describe.each(chromiums)("in %s", (executablePath) => {
  const server = servePage();
  let browser: Browser | null = null;
  let page: VisitedPage | null = null;

  beforeAll(async () => {
    browser = await startChromium(executablePath);
    page = await openPage(browser, await urlOf(server));
  });

  afterAll(async () => {
    await browser?.close();
    server.close();
  });

  async function answersOf(questions: readonly Question[]) {
    const inPage: unknown[] = [];
    for (const question of questions) {
      const answer = await page?.page.evaluate(`answer(${JSON.stringify(question)})`);
      inPage.push(JSON.parse(String(answer)));
    }
    return { inPage, inNode: await Promise.all(questions.map(answerInNode)) };
  }

  test("WebCrypto has Ed25519", async () => {
    const { inPage } = await answersOf([["hasEd25519"]]);
    expect(inPage).toEqual([true]);
    expect(page?.complaints).toEqual([]);
  });

  test("a whole ledger, with bytes of a torn line behind it, is valid up to its checkpoint", async () => {
    const { path, text, evidence } = await signedLedger();
    const answers = await answersOf([
      ["verifyLedger", text, evidence],
      ["verifyLedger", `${text}{"torn`, evidence],
    ]);
    expect(answers.inPage).toMatchObject([
      { ok: true, lines: 20, signedUpTo: 20, tornBytes: 0 },
      { ok: true, lines: 20, signedUpTo: 20, tornBytes: 6 },
    ]);
    expect(answers.inPage).toEqual(answers.inNode);
    expect(await verifyLedger(path, { keys: [vkey] })).toMatchObject({ valid: true, lines: 20, unsignedLines: 0 });
  });

  test("a ledger in which any line was changed, taken out, doubled or swapped with the next is not valid", async () => {
    const { lines, evidence } = await signedLedger();
    const kept = { keys: evidence.keys, checkpoint: Buffer.from(evidence.checkpoint) };
    const tampered = lines.flatMap((line, index) => [
      lines.with(index, line.replace('"kind":"', '"kind":"x')),
      lines.toSpliced(index, 1),
      lines.toSpliced(index, 0, line),
      ...(index === 0 ? [] : [lines.with(index, lines[index - 1] ?? "").with(index - 1, line)]),
    ]);
    const texts = tampered.map((changed) => `${changed.join("\n")}\n`);
    const answers = await answersOf(texts.map((text): Question => ["verifyLedger", text, evidence]));
    expect(answers.inPage.filter((answer) => !isRefusal(answer))).toEqual([]);
    expect(answers.inPage).toHaveLength(79);
    expect(answers.inPage).toEqual(answers.inNode);
    const ofFiles = await Promise.all(texts.map((text) => verifyLedger(Readable.from([Buffer.from(text)]), kept)));
    expect(ofFiles.map(({ valid }) => valid)).not.toContain(true);
  });

  test("a checkpoint is refused when it was touched, or signed by somebody else", async () => {
    const { text, evidence } = await signedLedger();
    const { checkpoint } = evidence;
    const signature = checkpoint.slice(-20);
    const another = signature.startsWith("A") ? `B${signature.slice(1)}` : `A${signature.slice(1)}`;
    const touched = [checkpoint.replace("\n20\n", "\n19\n"), checkpoint.slice(0, -20) + another, ""];
    const answers = await answersOf([
      ["verifyCheckpoint", checkpoint, [vkey]],
      ["verifyCheckpoint", checkpoint, [stranger]],
      ...touched.map((note): Question => ["verifyCheckpoint", note, [vkey]]),
      ["verifyLedger", text, { ...evidence, keys: [stranger] }],
      ["verifyCheckpoint", checkpoint, [weak]],
    ]);
    expect(answers.inPage).toMatchObject([
      { ok: true, checkpoint: { size: 20, signedBy: vkey } },
      ...Array.from({ length: 5 }, () => ({ ok: false })),
      { code: "KEY_INVALID" },
    ]);
    expect(answers.inPage).toEqual(answers.inNode);
  });

  test("a proof of any record holds with the key alone, and none that was changed does", async () => {
    const { path, lines } = await signedLedger();
    const proofs = await Promise.all(lines.map(async (_, seq) => (await proveRecord(path, seq)).proof));
    const whole = await answersOf(proofs.map((proof): Question => ["verifyRecordProof", proof, [vkey]]));
    expect(whole.inPage).toMatchObject(lines.map((line, seq) => ({ ok: true, seq, line })));
    expect(whole.inPage).toEqual(whole.inNode);
    const [proof = ""] = proofs;
    const changed = await answersOf([
      ["verifyRecordProof", proof, [stranger]],
      ["verifyRecordProof", proof.replace("index 0", "index 1"), [vkey]],
      ["verifyRecordProof", proof.replace(/\n[^\n]{44}\n\n/, "\n\n"), [vkey]],
      ["verifyRecordProof", proof, [vkey], lines[1] ?? ""],
    ]);
    expect(changed.inPage).toMatchObject(Array.from({ length: 4 }, () => ({ ok: false })));
    expect(changed.inPage).toEqual(changed.inNode);
  });
});

function isRefusal(answer: unknown): boolean {
  return typeof answer === "object" && answer !== null && "ok" in answer && answer.ok === false;
}
