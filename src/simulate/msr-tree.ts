import { chmodSync } from "node:fs";
import { join } from "node:path";
import type { SimulatedCounter } from "./counter.ts";
import { type FaultKind, type Hindrance, hindranceAt, resetBetween } from "./fault.ts";
import type { HostShape, SimulatedDomain, SimulatedHost, SimulatedKind } from "./host.ts";
import { type LiveFile, liveFile, putFailing } from "./live-file.ts";
import { cpusPerPackage, dieOf, shownPackages, writeMachine, writeOnline } from "./machine-files.ts";
import type { SimulatedTree, TreeRequest } from "./powercap-tree.ts";

/**
 * Registers by number: Intel SDM volume 4, AMD PPR for family 17h. AMD's register of a core, C001029AH, is left out: its bytes would lie
 * upon those of the unit and of the package, since registers that are one number apart are one byte apart in a plain file.
 */
const unitRegisters = { intel: 0x606, amd: 0xc0010299 } as const;
const filterRegister = 0xbc;
const energyRegisters: Readonly<Record<HostShape["vendor"], Partial<Record<SimulatedKind, number>>>> = {
  intel: { package: 0x611, dram: 0x619, core: 0x639, uncore: 0x641, psys: 0x64d },
  amd: { package: 0xc001029b },
};

/** A reset befalls a counter, everything else a CPU's file. */
export function msrTargets({ domains, shape }: SimulatedHost, kind: FaultKind): readonly string[] {
  if (kind === "reset") return domains.map((domain) => domainId(domain, shape));
  return Array.from({ length: shownPackages(shape) * cpusPerPackage }, (_, cpu) => `cpu${cpu}`);
}

interface ShownCpu {
  readonly cpu: number;
  readonly path: string;
  readonly file: LiveFile;
  hindrance: Hindrance;
}

/** Lays DIR/dev/cpu/N/msr: sparse files with 8 bytes at the offset that is the register's number. A register that is absent reads 0. */
export function msrTree(request: TreeRequest): SimulatedTree {
  const { host, directory, faults } = request;
  writeMachine(directory, host.shape);
  const cpus = Array.from({ length: shownPackages(host.shape) * cpusPerPackage }, (_, cpu) => showCpu(request, cpu));
  const ids = host.domains.map((domain) => domainId(domain, host.shape));
  let online = cpus.length;
  return {
    ids,
    window: "msr",
    show: (afterNs, atNs) => {
      const struck = host.domains.filter((_, index) => resetBetween(faults, ids[index] ?? "", afterNs, atNs));
      for (const counter of new Set<SimulatedCounter>(struck.map(({ counter: struckCounter }) => struckCounter)))
        counter.reset();
      for (const shown of cpus) {
        hinder(request, shown, hindranceAt(faults, `cpu${shown.cpu}`, atNs));
        if (shown.hindrance !== "stuck") shown.file.show();
      }
      const present = cpus.filter(({ hindrance }) => hindrance !== "enoent" && hindrance !== "vanish");
      if (present.length !== online)
        writeOnline(
          directory,
          present.map(({ cpu }) => cpu),
        );
      online = present.length;
    },
    close: () => {
      for (const { file } of cpus) file.close();
    },
  };
}

function showCpu(request: TreeRequest, cpu: number): ShownCpu {
  const { host, directory, mode } = request;
  const registers = registersOf(host.domains, host.shape, cpu);
  const path = join(directory, "dev", "cpu", String(cpu), "msr");
  const file = liveFile(path, mode, (write) => {
    for (const [register, value] of registers) {
      write(littleEndian(value()).subarray(0, bytesUntilNext(registers, register)), register);
    }
  });
  return { cpu, path, file, hindrance: null };
}

/** A register that follows closely would be written over by its neighbour, and shown so until its own turn. */
function bytesUntilNext(registers: ReadonlyMap<number, unknown>, register: number): number {
  return Math.min(...[...registers.keys()].filter((other) => other > register), register + 8) - register;
}

function littleEndian(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}

/** What each register of a CPU holds, by number: the counters of its package, and of its die where dies have their own. */
export function registersOf(
  domains: readonly SimulatedDomain[],
  shape: HostShape,
  cpu: number,
): ReadonlyMap<number, () => bigint> {
  const packageId = Math.floor(cpu / cpusPerPackage);
  const isSeen = (domain: SimulatedDomain): boolean =>
    domain.window === "msr" && domain.packageId === packageId && [null, dieOf(cpu)].includes(dieOfDomain(domain));
  const isSilent = shape.quirks.includes("zero-unit");
  // Power unit 1/8 W and time unit 1/1024 s, as usual; the energy unit stands in bits 12:8.
  const unit = isSilent ? 0n : 0xa0003n | (BigInt(shape.esu) << 8n);
  const filter = shape.quirks.includes("filtering") ? 1n : 0n;
  const registers = new Map([
    [unitRegisters[shape.vendor], () => unit],
    [filterRegister, () => filter],
  ]);
  for (const { kind, counter } of domains.filter(isSeen)) {
    const register = energyRegisters[shape.vendor][kind];
    if (register !== undefined) registers.set(register, () => (isSilent ? 0n : counter.raw()));
  }
  return registers;
}

function dieOfDomain({ name, inside }: SimulatedDomain): number | null {
  const die = /-die-(\d+)$/.exec(inside?.name ?? name)?.[1];
  return die === undefined ? null : Number(die);
}

/** "package-0", "package-0/dram", "psys"; AMD's dies share the package's register. */
function domainId({ name, inside }: SimulatedDomain, { vendor }: HostShape): string {
  const path = inside === null ? name : `${inside.name}/${name}`;
  return vendor === "amd" ? path.replace(/-die-\d+/, "") : path;
}

/** A CPU whose file is gone, or that vanished, is offline. */
function hinder(request: TreeRequest, shown: ShownCpu, hindrance: Hindrance): void {
  if (hindrance === shown.hindrance) return;
  const { file, path } = shown;
  if (shown.hindrance === "eacces") chmodSync(path, request.mode);
  file.restore();
  if (hindrance === "eacces") chmodSync(path, 0);
  if (hindrance === "vanish") file.replaceBy(putFailing("enoent", request.failing));
  if (hindrance === "eio" || hindrance === "einval" || hindrance === "enoent" || hindrance === "text") {
    file.replaceBy(putFailing(hindrance, request.failing));
  }
  shown.hindrance = hindrance;
}
