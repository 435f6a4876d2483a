import { z } from "zod";

/** Members that several schemas share. Numbers are finite and integers stay below 2^53: canonical JSON has no others. */

/** Of records whose shape has not changed since the first version. */
export const firstSchemaVersion = "1.0.0";

/** Minor versions only add optional members: who reads the newest reads all of the same major version. */
export const estimateSchemaVersions = ["1.0.0", "1.1.0", "1.2.0"] as const;

export const isoTime = z.iso.datetime().meta({ description: "ISO 8601 in UTC: 2026-01-01T00:00:00.000Z" });

export const nonNegative = z.number().min(0);

export const count = z.int().min(0);

export const ratio = z.number().min(0).max(1);

export const words = z.string().min(1);

export const labels = z.record(words, z.string()).meta({ description: "The user's own key and value pairs." });
