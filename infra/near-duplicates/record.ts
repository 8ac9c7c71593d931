import { crc32 } from 'node:zlib'
import type { Fingerprint } from '#schemas/identity/clusters.ts'
import { signatureBytes } from '#schemas/identity/signature.ts'

/**
 * A fingerprint on disk, little-endian: u32 length of all (a multiple of 16), u32 CRC-32 of what follows, f64 published (NaN = not known), u32 text bytes,
 * u16 length of the uri, i16 how its address fits its language, key (32), signature (448), uri in UTF-8, zeros.
 */
const at = { length: 0, crc: 4, published: 8, textBytes: 16, uriBytes: 20, addressFit: 22, key: 24, signature: 56, uri: 56 + signatureBytes }
export const alignment = 16
const keyBytes = 32
/** A canonical URL is 2048 characters of ASCII at most. */
const uriBytesMax = 65_535
export const recordBytesMin = align(at.uri)
export const recordBytesMax = align(at.uri + uriBytesMax)

function align(bytes: number): number {
  return Math.ceil(bytes / alignment) * alignment
}

export function encodeRecord({ key, signature, publishedAt, textBytes, uri, addressFit = 0 }: Fingerprint): Buffer {
  const name = Buffer.from(uri).subarray(0, uriBytesMax)
  const record = Buffer.alloc(align(at.uri + name.length))
  record.writeUInt32LE(record.length, at.length)
  record.writeDoubleLE(publishedAt ?? NaN, at.published)
  record.writeUInt32LE(Math.min(textBytes, 2 ** 32 - 1), at.textBytes)
  record.writeUInt16LE(name.length, at.uriBytes)
  record.writeInt16LE(addressFit, at.addressFit)
  record.write(key, at.key, 'hex')
  record.set(signature, at.signature)
  record.set(name, at.uri)
  record.writeUInt32LE(crc32(record.subarray(at.published)), at.crc)
  return record
}

/** The whole record at the head of the bytes; undefined when none is whole there. */
export function wholeRecord(bytes: Buffer): Buffer | undefined {
  if (bytes.length < at.uri) return undefined
  const length = bytes.readUInt32LE(at.length)
  if (length < at.uri || length > bytes.length || length % alignment !== 0) return undefined
  const record = bytes.subarray(0, length)
  const isWhole = crc32(record.subarray(at.published)) === record.readUInt32LE(at.crc) && at.uri + record.readUInt16LE(at.uriBytes) <= length
  return isWhole ? record : undefined
}

export const keyOf = (record: Buffer): string => record.toString('hex', at.key, at.key + keyBytes)

export const signatureOf = (record: Buffer): Buffer => record.subarray(at.signature, at.signature + signatureBytes)

export function factsOf(record: Buffer): Omit<Fingerprint, 'signature'> {
  const published = record.readDoubleLE(at.published)
  return {
    key: keyOf(record),
    publishedAt: Number.isNaN(published) ? null : published,
    textBytes: record.readUInt32LE(at.textBytes),
    uri: record.toString('utf8', at.uri, at.uri + record.readUInt16LE(at.uriBytes)),
    ...fitOf(record.readInt16LE(at.addressFit)),
  }
}

const fitOf = (fit: number): Pick<Fingerprint, 'addressFit'> => (fit === 0 ? {} : { addressFit: fit > 0 ? 1 : -1 })
