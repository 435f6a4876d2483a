/** Mean and variance of a long row of values, block by block in a fixed order (Chan, Golub and LeVeque, 1979). */
export class RunningMoments {
  count = 0;
  mean = 0;
  private squares = 0;

  /** Adds values[from … to - 1]. */
  add(values: Float64Array, from: number, to: number): void {
    const added = to - from;
    if (added === 0) return;
    let sum = 0;
    for (let index = from; index < to; index += 1) sum += values[index] ?? 0;
    const mean = sum / added;
    let squares = 0;
    for (let index = from; index < to; index += 1) {
      const distance = (values[index] ?? 0) - mean;
      squares += distance * distance;
    }
    const total = this.count + added;
    const shift = mean - this.mean;
    this.squares += squares + (shift * shift * this.count * added) / total;
    this.mean += (shift * added) / total;
    this.count = total;
  }

  /** With count - 1 in the denominator (JCGM 101, 7.6). */
  get standardDeviation(): number {
    return Math.sqrt(this.squares / (this.count - 1));
  }
}
