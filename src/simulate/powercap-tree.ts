import { chmodSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import type { SimulatedCounter } from "./counter.ts";
import { type Fault, type Hindrance, hindranceAt, resetBetween } from "./fault.ts";
import type { SimulatedHost } from "./host.ts";
import { type FailingFiles, type LiveFile, liveFile, putFailing } from "./live-file.ts";
import { writeMachine } from "./machine-files.ts";
import { writeStill } from "./place.ts";
import { powercapZones, type SimulatedZone } from "./powercap-layout.ts";
import type { ShownHost } from "./truth.ts";

/** The files through which a simulated host is seen. */
export interface SimulatedTree extends ShownHost {
  /** Lets the faults between two times happen, and shows every counter as it is now. */
  show(afterNs: bigint, atNs: bigint): void;
  close(): void;
}

export interface TreeRequest {
  readonly directory: string;
  readonly host: SimulatedHost;
  readonly faults: readonly Fault[];
  readonly failing: FailingFiles;
  /** Mode of the files that hold counters: the kernel's is 0400. */
  readonly mode: number;
}

interface ShownZone {
  readonly zone: SimulatedZone;
  readonly directory: string;
  readonly classLink: string;
  readonly path: string;
  readonly file: LiveFile;
  hindrance: Hindrance;
}

/** Lays the powercap tree below DIR/sys, as the kernel does: zones nested below devices, and one link to each in the class. */
export function powercapTree(request: TreeRequest): SimulatedTree {
  const { host, directory, faults } = request;
  writeMachine(directory, host.shape);
  const zones = powercapZones(host).map((zone) => showZone(request, zone));
  return {
    ids: zones.map(({ zone }) => zone.directoryName),
    window: "powercap",
    show: (afterNs, atNs) => {
      const struck = zones.filter(({ zone }) => resetBetween(faults, zone.directoryName, afterNs, atNs));
      for (const counter of new Set<SimulatedCounter>(struck.map(({ zone }) => zone.domain.counter))) counter.reset();
      for (const shown of zones) {
        hinder(request, shown, hindranceOf(request, zones, shown, atNs));
        if (shown.hindrance !== "stuck") shown.file.show();
      }
    },
    close: () => {
      for (const { file } of zones) file.close();
    },
  };
}

export function powercapTargets(host: SimulatedHost): readonly string[] {
  return powercapZones(host).map(({ directoryName }) => directoryName);
}

/** A zone is gone with the one that it lies in. */
function hindranceOf({ faults }: TreeRequest, zones: readonly ShownZone[], shown: ShownZone, atNs: bigint): Hindrance {
  const parent = zones.find(({ zone }) => zone.domain === shown.zone.domain.inside);
  if (parent?.hindrance === "vanish") return "vanish";
  return hindranceAt(faults, shown.zone.directoryName, atNs);
}

function showZone(request: TreeRequest, zone: SimulatedZone): ShownZone {
  const { counter } = zone.domain;
  const directory = join(request.directory, "sys", "devices", "virtual", "powercap", zone.directory);
  const path = join(directory, "energy_uj");
  const width = String(zone.rangeMicrojoules ?? 10n ** 16n).length;
  mkdirSync(directory, { recursive: true });
  const file = liveFile(path, request.mode, (write) => {
    write(Buffer.from(`${counter.shownMicrojoules().toString().padStart(width, "0")}\n`), 0);
  });
  const classDirectory = join(request.directory, "sys", "class", "powercap");
  const classLink = join(classDirectory, zone.directoryName);
  const shown: ShownZone = { zone, directory, classLink, path, file, hindrance: null };
  layAround(request, shown);
  return shown;
}

/** What lies around the counter: its name, its range, and the links from and to the class. */
function layAround(request: TreeRequest, { zone, directory, classLink }: ShownZone): void {
  const classDirectory = join(request.directory, "sys", "class", "powercap");
  writeStill(directory, "name", `${zone.domain.name}\n`);
  writeStill(directory, "enabled", "0\n");
  if (zone.rangeMicrojoules !== null) writeStill(directory, "max_energy_range_uj", `${zone.rangeMicrojoules}\n`);
  mkdirSync(classDirectory, { recursive: true });
  link(classDirectory, join(directory, "subsystem"));
  link(directory, classLink);
  const [controlType = ""] = zone.directory.split("/");
  link(
    join(request.directory, "sys", "devices", "virtual", "powercap", controlType),
    join(classDirectory, controlType),
  );
}

function link(target: string, path: string): void {
  rmSync(path, { force: true });
  symlinkSync(target, path);
}

function hinder(request: TreeRequest, shown: ShownZone, hindrance: Hindrance): void {
  if (hindrance === shown.hindrance) return;
  const { file, path, directory, classLink } = shown;
  if (shown.hindrance === "eacces") chmodSync(path, request.mode);
  file.restore();
  if (shown.hindrance === "vanish") layAround(request, shown);
  if (hindrance === "eacces") chmodSync(path, 0);
  if (hindrance === "vanish") {
    rmSync(classLink, { force: true });
    file.replaceBy(() => rmSync(directory, { recursive: true, force: true }));
  }
  if (hindrance === "eio" || hindrance === "einval" || hindrance === "enoent" || hindrance === "text") {
    file.replaceBy(putFailing(hindrance, request.failing));
  }
  shown.hindrance = hindrance;
}
