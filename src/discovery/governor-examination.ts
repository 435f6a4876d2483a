import { lstatSync, readFileSync, type Stats } from "node:fs";
import { CarbonOpsError, messageOf, systemErrorCode } from "../errors.ts";
import { connectGovernor } from "../governor/client.ts";
import type { SourceExamination } from "./examine.ts";
import { type GovernorSourceRequest, openGovernorSource } from "./governor-source.ts";
import { examinePowercap } from "./powercap-examination.ts";

/** What `carbon-ops doctor` says about the governor. Never throws; waits for a bounded time. */
export async function examineGovernor(request: GovernorSourceRequest): Promise<SourceExamination> {
  const { socketPath } = request;
  const found = statsOrProblem(socketPath);
  if (found === "ENOENT") return absent(request);
  if (typeof found === "string")
    return unusable(`The governor's socket ${socketPath} cannot be looked at (${found}).`, null);
  if (!found.isSocket()) return unusable(`${socketPath} is no socket: something else has its name.`, null);
  try {
    const client = await connectGovernor({ socketPath, timeoutMs: 500 });
    client.close();
  } catch (error) {
    return unreachable(socketPath, found, error);
  }
  return answering(request);
}

async function answering(request: GovernorSourceRequest): Promise<SourceExamination> {
  try {
    const source = await openGovernorSource(request);
    source.close();
    const why = `A governor answers on ${request.socketPath}: ${source.label}. Readings are up to 0.1 s old.`;
    return { ...entry, usable: true, why, mend: null, uncertainty: source.uncertainty };
  } catch (error) {
    return unusable(messageOf(error), null);
  }
}

const entry = { id: "governor", title: "carbon-ops governor" } as const;

function unusable(why: string, mend: string | null): SourceExamination {
  return { ...entry, usable: false, why, mend, uncertainty: null };
}

/** Starting one mends nothing where there is nothing to count. */
function absent(request: GovernorSourceRequest): SourceExamination {
  const powercap = examinePowercap(request);
  const isForbidden = powercap.mend?.startsWith("sudo chgrp") === true;
  const why = `No governor is running here: there is no socket ${request.socketPath}.`;
  if (!powercap.usable && !isForbidden) return unusable(`${why} It would find no energy counter to read either.`, null);
  return unusable(`${why} It lets users without privilege measure.`, startCommand);
}

const startCommand = "sudo groupadd --force --system carbon-users && sudo carbon-ops governor --user nobody";

function unreachable(socketPath: string, found: Stats, error: unknown): SourceExamination {
  const cause = error instanceof CarbonOpsError ? error.cause : error;
  const code = systemErrorCode(cause);
  if (code === "EACCES") return forbidden(socketPath, found);
  if (code === "ECONNREFUSED") {
    const why = `${socketPath} was left behind by a governor that is gone; starting one replaces it.`;
    return unusable(why, startCommand);
  }
  return unusable(messageOf(error), null);
}

function forbidden(socketPath: string, { gid }: Stats): SourceExamination {
  const group = groupName(gid);
  if (group === null) {
    return unusable(
      `A governor is there, but ${socketPath} is only for the group ${gid}, which has no name here.`,
      null,
    );
  }
  return unusable(
    `A governor is there, but only members of the group ${group} may connect to ${socketPath}. After the command, log in anew.`,
    `sudo usermod -aG ${group} "$(id -un)"`,
  );
}

function groupName(gid: number): string | null {
  try {
    const lines = readFileSync("/etc/group", "utf8").split("\n");
    return lines.map((line) => line.split(":")).find((fields) => fields[2] === String(gid))?.[0] ?? null;
  } catch {
    return null;
  }
}

function statsOrProblem(path: string): Stats | string {
  try {
    return lstatSync(path);
  } catch (error) {
    return systemErrorCode(error) ?? messageOf(error);
  }
}
