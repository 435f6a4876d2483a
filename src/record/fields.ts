import { z } from "zod";

/** Members that several schemas share. Numbers are finite and integers stay below 2^53: canonical JSON has no others. */

/** Of records whose shape has not changed since the first version. */
export const firstSchemaVersion = "1.0.0";

/** Minor versions only add optional members: who reads the newest reads all of the same major version. */
export const estimateSchemaVersions = ["1.0.0", "1.1.0", "1.2.0", "1.3.0"] as const;

export const isoTime = z.iso.datetime().meta({ description: "ISO 8601 in UTC: 2026-01-01T00:00:00.000Z" });

export const nonNegative = z.number().min(0);

export const count = z.int().min(0);

export const ratio = z.number().min(0).max(1);

export const words = z.string().min(1);

/** What a ledger, or whoever signs, may add to a record of any kind. */
export const envelopeFields = {
  append_id: z
    .string()
    .min(1)
    .max(128)
    .exactOptional()
    .meta({ description: "Given by whoever appended it, so that a retry is no second record." }),
  signature: words
    .exactOptional()
    .meta({ description: "Ed25519 over the record without append_id and signature, in base64." }),
  signing_key: words.exactOptional().meta({ description: "Verifier key of that signature." }),
};

export const labels = z.record(words, z.string()).meta({ description: "The user's own key and value pairs." });
