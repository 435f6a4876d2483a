import * as fc from "fast-check";
import { expect, test } from "vitest";
import { labelledRows, textStyle, wantsColour, wrapText } from "../../../src/report/terminal/style.ts";

const terminal = { isTTY: true };

test("a terminal gets colour", () => {
  expect(wantsColour(terminal, { TERM: "xterm-256color" })).toBe(true);
});

test("a pipe or a file gets none", () => {
  expect(wantsColour({}, { TERM: "xterm-256color" })).toBe(false);
  expect(wantsColour({ isTTY: false }, {})).toBe(false);
});

test("NO_COLOR turns colour off whatever it is set to, unless it is empty", () => {
  expect(wantsColour(terminal, { NO_COLOR: "1" })).toBe(false);
  expect(wantsColour(terminal, { NO_COLOR: "0" })).toBe(false);
  expect(wantsColour(terminal, { NO_COLOR: "" })).toBe(true);
});

test("a dumb terminal gets none", () => {
  expect(wantsColour(terminal, { TERM: "dumb" })).toBe(false);
});

test("without colour, text is unchanged", () => {
  const style = textStyle(false);
  expect([style.strong("a"), style.faint("b"), style.good("c"), style.caution("d"), style.bad("e")].join("")).toBe(
    "abcde",
  );
});

test("with colour, text stands between SGR codes that undo each other", () => {
  const style = textStyle(true);
  expect(style.strong("text")).toBe("\u001b[1mtext\u001b[22m");
  expect(style.bad("text")).toBe("\u001b[31mtext\u001b[39m");
});

test("text is broken at spaces", () => {
  expect(wrapText("joules at the plug for one joule", 14)).toEqual(["joules at the", "plug for one", "joule"]);
});

test("a word longer than the line keeps a line of its own", () => {
  expect(wrapText("see https://example.org/a/long/path there", 10)).toEqual([
    "see",
    "https://example.org/a/long/path",
    "there",
  ]);
});

test("nothing but spaces has no lines", () => {
  expect(wrapText("", 10)).toEqual([]);
  expect(wrapText("  \n ", 10)).toEqual([]);
});

test("no word is lost, moved or cut, and no line of several words is too long", () => {
  const word = fc.string({ minLength: 1, maxLength: 12 }).filter((text) => /^\S+$/.test(text));
  fc.assert(
    fc.property(fc.array(word, { maxLength: 30 }), fc.integer({ min: 1, max: 40 }), (words, width) => {
      const lines = wrapText(words.join(" "), width);
      expect(lines.join(" ")).toBe(words.join(" "));
      expect(lines.filter((line) => line.includes(" ") && line.length > width)).toEqual([]);
    }),
  );
});

test("rows stand behind the widest label, and wrapped text is indented as far", () => {
  const rows = [
    ["Source", "RAPL package-0 and dram through powercap"],
    ["Idle baseline", "12 W"],
  ] as const;
  expect(labelledRows(rows, 40, textStyle(false))).toBe(
    ["  Source         RAPL package-0 and dram", "                 through powercap", "  Idle baseline  12 W", ""].join(
      "\n",
    ),
  );
});

test("on a very narrow terminal, text keeps twenty characters", () => {
  expect(labelledRows([["Source", "twenty characters ok"]], 5, textStyle(false))).toBe(
    "  Source  twenty characters ok\n",
  );
});
