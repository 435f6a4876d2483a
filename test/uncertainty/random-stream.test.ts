import { expect, test } from "vitest";
import { doubleOfWords, philox4x32, Sfc32, startBlock, streamKey } from "../../src/uncertainty/random-stream.ts";

test("Philox4x32-10 gives the known answers of Random123", () => {
  expect(philox4x32([0, 0, 0, 0], [0, 0])).toEqual([0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
  const ones = 0xffffffff;
  expect(philox4x32([ones, ones, ones, ones], [ones, ones])).toEqual([0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]);
});

test("sfc32 gives its known answers", () => {
  const generator = new Sfc32();
  generator.setState(1, 2, 3, 4);
  const outputs = Array.from({ length: 6 }, () => generator.next() >>> 0);
  expect(outputs).toEqual([0x00000007, 0x00000022, 0x03600060, 0x0b421d78, 0xcc849c75, 0x17ce4c72]);
});

test("a double has 53 bits of two words", () => {
  expect(doubleOfWords(0x03600060, 0x0b421d78)).toBe(0.013183616429400247);
  expect(doubleOfWords(0xffffffff, 0xffffffff)).toBe(1 - 2 ** -53);
});

test("a block is the same whatever was drawn before it", () => {
  const key = streamKey(7, "gain");
  const straight = new Sfc32();
  startBlock(straight, key, 3);
  const used = new Sfc32();
  startBlock(used, key, 0);
  used.uniform();
  startBlock(used, key, 3);
  expect(used.uniform()).toBe(straight.uniform());
});

test("another seed, another source and another block give other draws", () => {
  const first = (seed: number, id: string, block: number): number => {
    const generator = new Sfc32();
    startBlock(generator, streamKey(seed, id), block);
    return generator.uniform();
  };
  const draws = [first(1, "a", 0), first(2, "a", 0), first(1, "b", 0), first(1, "a", 1), first(1, "a", 2 ** 32)];
  expect(new Set(draws).size).toBe(draws.length);
});
