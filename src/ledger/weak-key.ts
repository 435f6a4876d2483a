/** p = 2^255 - 19, the field of RFC 8032, section 5.1. */
const fieldPrime = 2n ** 255n - 19n;

/** y coordinates of the points whose order divides 8: 0 (order 4), 1 (1), -1 (2) and the two of order 8, in hex. */
const smallOrderY: readonly bigint[] = [
  0n,
  1n,
  fieldPrime - 1n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
];

/**
 * Points of small order are public keys for which a signature can be made without any private key, and OpenSSL accepts
 * them. Encodings with y >= p are refused as well: RFC 8032, 5.1.3 does not allow them.
 */
export function isWeakPublicKey(publicKey: Uint8Array): boolean {
  const littleEndian = publicKey.reduce((sum, byte, index) => sum + (BigInt(byte) << BigInt(8 * index)), 0n);
  const y = littleEndian % 2n ** 255n;
  return y >= fieldPrime || smallOrderY.includes(y);
}
