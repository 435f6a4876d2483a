/**
 * A CPU-bound workload that anybody can repeat: count the primes below a limit by trial division, on one core.
 * Usage: node examples/cpu-bound.mjs [limit]
 */
const limit = Number(process.argv[2] ?? 20_000_000);
if (!Number.isInteger(limit) || limit < 2) {
  console.error("usage: node examples/cpu-bound.mjs [limit], a whole number of at least 2");
  process.exit(2);
}

function isPrime(candidate) {
  if (candidate < 4) return candidate > 1;
  if (candidate % 2 === 0) return false;
  for (let divisor = 3; divisor * divisor <= candidate; divisor += 2) {
    if (candidate % divisor === 0) return false;
  }
  return true;
}

let count = 0;
for (let candidate = 2; candidate < limit; candidate += 1) if (isPrime(candidate)) count += 1;
console.log(`${count} primes below ${limit}`);
