/** Bytes without Buffer, which browsers lack. All arrays own their memory, as WebCrypto asks for. */
export type Bytes = Uint8Array<ArrayBuffer>;

export function bytesOf(text: string | Uint8Array): Bytes {
  return typeof text === "string" ? new TextEncoder().encode(text) : new Uint8Array(text);
}

/** Null for bytes that are not UTF-8. */
export function textOf(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

export function concatenated(...parts: readonly Uint8Array[]): Bytes {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

export function areEqual(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}

export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Bytes of standard base64 with padding (RFC 4648, section 4) in its only spelling, or null. */
export function bytesFromBase64(text: string): Bytes | null {
  try {
    const characters = atob(text);
    return btoa(characters) === text ? Uint8Array.from(characters, (unit) => unit.charCodeAt(0)) : null;
  } catch {
    return null;
  }
}

export async function sha256(bytes: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}
