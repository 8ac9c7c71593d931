import { OrreryError } from '#schemas/errors.ts'
import type { StoredObject } from '#schemas/data-file.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { FileBytes } from '#schemas/parquet/file-bytes.ts'
import { blockBytes, digestBytes } from '#schemas/row-list.ts'
import { digestOf } from './list-rows.ts'

/** Blocks that are kept for what is read next: 4 MiB. */
const blocksKept = 128
/** Read in one go: one request where one for each column would be dozens. */
const wholeBlocks = 8

/**
 * A data file of others, read by ranges, each block of it held against its digest before anything of it is given.
 * @param digests of its list (row-list.ts)
 * @throws OrreryError `invalid_record` with `details.block` for bytes that are not those that were listed; `not_found`; the signal's reason
 */
export function provedFile(
  store: Pick<ObjectStore, 'get'>,
  { key, bytes: byteLength }: Pick<StoredObject, 'key' | 'bytes'>,
  digests: Uint8Array,
  signal: AbortSignal,
): FileBytes {
  const blocks = Math.ceil(byteLength / blockBytes)
  const kept = new Map<number, Uint8Array>()

  async function read(from: number, to: number): Promise<void> {
    signal.throwIfAborted()
    const got = await store.get(key, { start: from * blockBytes, end: Math.min(byteLength, to * blockBytes) })
    for (let block = from; block < to; block++) {
      const bytes = got.subarray((block - from) * blockBytes, (block - from + 1) * blockBytes)
      if (Buffer.compare(digestOf(bytes), digests.subarray(block * digestBytes, (block + 1) * digestBytes)) !== 0)
        throw new OrreryError(
          'invalid_record',
          `The bytes of ${key} from ${block * blockBytes} on are not those that its list names; ask its writer for the file.`,
          {
            what: `its bytes from ${block * blockBytes} on are others than its list names`,
            block,
          },
        )
      kept.set(block, bytes)
    }
  }

  return {
    byteLength,
    async slice(start, end) {
      const [first, last] = [Math.floor(start / blockBytes), Math.ceil(Math.min(end, byteLength) / blockBytes)]
      if (first >= last) return new Uint8Array()
      if (blocks <= wholeBlocks && kept.size === 0) await read(0, blocks)
      for (let from = first; from < last;) {
        let to = from
        while (to < last && !kept.has(to)) to++
        if (to > from) await read(from, to)
        from = to + 1
      }
      const parts = Array.from({ length: last - first }, (_, at) => kept.get(first + at) as Uint8Array)
      for (const block of [...kept.keys()].slice(0, Math.max(0, kept.size - blocksKept))) kept.delete(block)
      const whole = parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts)
      return whole.subarray(start - first * blockBytes, Math.min(end, byteLength) - first * blockBytes)
    },
  }
}
