/**
 * Ticks per second of the CPU times in /proc. The kernel converts them to USER_HZ, which is 100 in the ABI of every
 * architecture that Node.js runs on, whatever CONFIG_HZ is (kernel include/asm-generic/param.h; proc(5), "/proc/stat").
 */
const ticksPerSecond = 100;

export function secondsFromTicks(ticks: number): number {
  return ticks / ticksPerSecond;
}
