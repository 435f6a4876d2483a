/**
 * Bytes of standard base64 (RFC 4648, section 4) with padding, or null. Buffer alone forgives the URL alphabet, missing
 * padding, unused bits and junk; two spellings of one signature must not both be accepted.
 */
export function bytesFromBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : null;
}
