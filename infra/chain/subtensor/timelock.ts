import { createHash, randomBytes } from 'node:crypto'
import { gcm } from '@noble/ciphers/aes.js'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { OrreryError } from '#schemas/errors.ts'

/** drand's quicknet: rounds of 3 s since then (https://docs.drand.love/dev-guide/developer/#quicknet). */
const quicknet = {
  genesisSeconds: 1_692_803_367,
  periodSeconds: 3,
  publicKey:
    '83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a',
}

const { G1, G2, fields, pairing } = bls12_381
const keyBytes = 32
const nonceBytes = 12
const pointBytes = 96
const limbBytes = 48
const suite = Buffer.from('AES_GCM_')

/** The round of quicknet that is the latest one at that time, ms since the Unix epoch; never below 1. */
export const roundAt = (atMs: number): number => Math.max(1, Math.floor((Math.floor(atMs) / 1000 - quicknet.genesisSeconds) / quicknet.periodSeconds))

/** What of an encryption is random; tests pass their own. */
interface Randomness {
  key: Uint8Array
  sigma: Uint8Array
  nonce: Uint8Array
}

const draw = (): Randomness => ({ key: randomBytes(keyBytes), sigma: randomBytes(keyBytes), nonce: randomBytes(nonceBytes) })

/**
 * Encrypts so that the signature of that round of quicknet opens it, and nothing before: Boneh–Franklin's FullIdent over TinyBLS381 around an AES-256-GCM key,
 * in the bytes that subtensor reads (crate `tle` of ideal-lab5, serialized by arkworks): U ‖ V ‖ W ‖ body ‖ suite, each list with its u64 length.
 * `tlock-js` writes another format.
 */
export function timelockEncrypt(plain: Uint8Array, round: number, { key, sigma, nonce }: Randomness = draw()): Uint8Array {
  const r = scalarOf(sigma, key)
  const shared = pairing(identityOf(round), G2.Point.fromHex(quicknet.publicKey).multiply(r))
  const body = Buffer.concat([counted(gcm(key, nonce).encrypt(plain)), counted(nonce)])
  return Buffer.concat([
    G2.Point.BASE.multiply(r).toBytes(true),
    counted(xor(sigma, sha256(bytesOfFp12(shared)))),
    counted(xor(key, sha256(sigma))),
    counted(body),
    counted(suite),
  ])
}

/**
 * What `timelockEncrypt` wrote, by the round's signature (48 bytes, G1).
 * @throws OrreryError `invalid_record` for what is no such text, or another round's
 */
export function timelockDecrypt(sealed: Uint8Array, signature: Uint8Array): Uint8Array {
  try {
    const U = sealed.subarray(0, pointBytes)
    const [v, w, body] = lists(sealed.subarray(pointBytes), 4)
    const [text, nonce] = lists(body ?? new Uint8Array(), 2)
    if (!v || !w || !text || !nonce) throw new RangeError('a part is missing')
    const sigma = xor(v, sha256(bytesOfFp12(pairing(G1.Point.fromBytes(signature), G2.Point.fromBytes(U)))))
    const key = xor(w, sha256(sigma))
    if (!G2.Point.BASE.multiply(scalarOf(sigma, key)).equals(G2.Point.fromBytes(U))) throw new RangeError('the signature opens another round')
    return gcm(key, nonce).decrypt(text)
  } catch (cause) {
    throw new OrreryError('invalid_record', `The timelocked text cannot be opened: ${cause instanceof Error ? cause.message : String(cause)}.`, {}, cause)
  }
}

/** What drand signs in that round, as a point of G1. */
function identityOf(round: number) {
  const message = Buffer.alloc(8)
  message.writeBigUInt64BE(BigInt(round))
  return G1.hashToCurve(sha256(message), { DST: 'BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_' })
}

const scalarOf = (sigma: Uint8Array, key: Uint8Array): bigint => BigInt(`0x${sha256(Buffer.concat([sigma, key])).toString('hex')}`) % fields.Fr.ORDER

const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest()

function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length !== b.length) throw new RangeError(`${a.length} bytes where there should be ${b.length}`)
  return a.map((byte, at) => byte ^ (b[at] ?? 0))
}

type Fp12 = ReturnType<typeof pairing>

/** As arkworks writes it: twelve numbers of 48 bytes, the least byte first. */
function bytesOfFp12({ c0, c1 }: Fp12): Buffer {
  const numbers = [c0, c1].flatMap((six) => [six.c0, six.c1, six.c2]).flatMap((two) => [two.c0, two.c1])
  return Buffer.concat(numbers.map((value) => Buffer.from(value.toString(16).padStart(2 * limbBytes, '0'), 'hex').toReversed()))
}

function counted(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(bytes.length))
  return Buffer.concat([length, bytes])
}

/** The first `count` lists, each within its own bytes. */
function lists(bytes: Uint8Array, count: number): Uint8Array[] {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const found: Uint8Array[] = []
  for (let at = 0; found.length < count;) {
    const length = Number(view.readBigUInt64LE(at))
    if (length > view.length - at - 8) throw new RangeError('a list is longer than its text')
    found.push(view.subarray(at + 8, at + 8 + length))
    at += 8 + length
  }
  return found
}
