/** Ways through the tree of RFC 6962, section 2.1. No 32-bit operator touches a size, so that all are exact up to 2^53 - 1. */

/** The way of a node up to the root, in a tree whose last node of the same level is known. */
export class Walk {
  #node: number;
  #last: number;

  constructor(node: number, last: number) {
    this.#node = node;
    this.#last = last;
  }

  get isAtRoot(): boolean {
    return this.#last === 0;
  }

  /** Whether the next hash of a proof stands to the left: also where a node without a sibling was carried up. */
  get isRightChild(): boolean {
    return this.#node % 2 === 1 || this.#node === this.#last;
  }

  /** To the parent, beyond levels at which the node has no sibling. */
  rise(): void {
    if (this.isRightChild) while (this.#node % 2 === 0 && this.#node !== 0) this.#up();
    this.#up();
  }

  riseWhileRightChild(): void {
    while (this.#node % 2 === 1) this.#up();
  }

  #up(): void {
    this.#node = Math.floor(this.#node / 2);
    this.#last = Math.floor(this.#last / 2);
  }
}

export function largestPowerBelow(size: number): number {
  let power = 1;
  while (power * 2 < size) power *= 2;
  return power;
}
