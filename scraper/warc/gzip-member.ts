import { promisify } from 'node:util'
import { gunzipSync, gzip } from 'node:zlib'

/**
 * A record as a gzip member of its own that says how long it is: the extra field "sl" (WARC/1.1 Annex D.3) holds the lengths of the member and of its contents,
 * so that a file can be walked from member to member without unpacking.
 */
const headBytes = 10
const extraBytes = 12
const extraField = 4
/** Members of this program are a record each, of a page at the most. */
const memberBytesMax = 2 ** 30

const packed = promisify(gzip)

export async function packMember(contents: Uint8Array): Promise<Buffer> {
  const plain = await packed(contents)
  const member = Buffer.alloc(plain.length + 2 + extraBytes)
  plain.copy(member, 0, 0, headBytes)
  member[3] = extraField
  // One system-independent value, so that the same record is the same bytes everywhere.
  member[9] = 255
  member.writeUInt16LE(extraBytes, headBytes)
  member.write('sl', headBytes + 2, 'latin1')
  member.writeUInt16LE(8, headBytes + 4)
  member.writeUInt32LE(member.length, headBytes + 6)
  member.writeUInt32LE(contents.length, headBytes + 10)
  plain.copy(member, headBytes + 2 + extraBytes, headBytes)
  return member
}

/** Bytes that must be read to know how long a member is. */
export const memberHeadBytes = headBytes + 2 + extraBytes

/** Length of the member that begins here, or undefined when none of ours does. */
export function memberLength(head: Buffer): number | undefined {
  const isOurs =
    head.length >= memberHeadBytes &&
    head.readUInt32BE(0) === 0x1f8b0804 &&
    head.readUInt16LE(headBytes) === extraBytes &&
    head.toString('latin1', 12, 14) === 'sl'
  const length = isOurs ? head.readUInt32LE(headBytes + 6) : 0
  return length > memberHeadBytes && length <= memberBytesMax ? length : undefined
}

/** Whether it unpacks to as many bytes as it says, with the right checksum. */
export function isWholeMember(member: Buffer): boolean {
  try {
    const contentBytes = member.readUInt32LE(headBytes + 10)
    return gunzipSync(member, { maxOutputLength: contentBytes + 1 }).length === contentBytes
  } catch {
    return false
  }
}
