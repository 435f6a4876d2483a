import { Sfc32, startBlock, streamKey } from "../uncertainty/random-stream.ts";

/**
 * The order of the commands within a round: every order is equally probable, the seed decides, and a round's order does not depend on how
 * many rounds there are.
 */
export function roundOrder(seed: number, round: number, commandCount: number): readonly number[] {
  const generator = new Sfc32();
  startBlock(generator, streamKey(seed, "order of compared commands"), round);
  const order = Array.from({ length: commandCount }, (_, command) => command);
  // Fisher and Yates: each place gets one of those that are left.
  for (let place = commandCount - 1; place > 0; place -= 1) {
    const chosen = Math.floor(generator.uniform() * (place + 1));
    [order[place], order[chosen]] = [order[chosen] ?? 0, order[place] ?? 0];
  }
  return order;
}
