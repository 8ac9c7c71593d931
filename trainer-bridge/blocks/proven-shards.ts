import { createHash } from 'node:crypto'
import { recentValues } from '#infra/recent-values.ts'
import { hashBytes, leafHash } from '#schemas/merkle.ts'
import type { ByteRange, ObjectStore } from '#schemas/object-store.ts'
import type { GenerationShard } from '#schemas/token-list.ts'
import { blockSums, rootOfSums, sumBlockBytes } from '#schemas/token-shard-sums.ts'
import { blockSumsRange, parseTokenShardHeader, tokenShardHeaderBytes, type TokenShardHeader } from '#schemas/token-shard.ts'
import { ownFault, requireAsListed, unreadable } from './shard-header.ts'

/** A shard with the sums of its blocks, known to be those of its list. */
interface Opened {
  header: TokenShardHeader
  /** One behind the other. */
  sums: Uint8Array
  /** Bytes that are summed. */
  summedBytes: number
}

/** Token shards read by ranges, every byte of them proven by what their list says. */
export interface ProvenShards {
  /** @throws OrreryError `data_unreadable` when the shard is gone, or not what is said of it; what the store throws */
  header(shard: GenerationShard): Promise<TokenShardHeader>
  /** The bytes of a range before the sums. @throws as `header` */
  read(shard: GenerationShard, range: ByteRange): Promise<Uint8Array>
}

/** Proven blocks kept, and sums of shards, in bytes. */
const blocksBytesMax = 64 * 2 ** 20
const sumsBytesMax = 16 * 2 ** 20
/** What is remembered of a shard beside its sums. */
const openedBytes = 400
/** Of a shard without sums, at once. */
const pieceBytes = 2 ** 20

/**
 * Shards of version 3 are proven by the root in their list, block by block; one without sums is read once as a whole, proven by its sha256, and its sums are
 * remembered as long as there is room. What two ask for at once is read once.
 */
export function provenShards(store: Pick<ObjectStore, 'get'>): ProvenShards {
  const opened = recentValues<string, Opened>({ bytesMax: sumsBytesMax, bytesOf: ({ sums }) => openedBytes + sums.length })
  const blocks = recentValues<string, Uint8Array>({ bytesMax: blocksBytesMax, bytesOf: (bytes) => bytes.length })
  const underWay = new Map<string, Promise<unknown>>()

  /** Of those who ask at once the first does it. */
  function once<T>(name: string, work: () => Promise<T>): Promise<T> {
    const known = underWay.get(name) as Promise<T> | undefined
    if (known) return known
    const made = work().finally(() => underWay.delete(name))
    underWay.set(name, made)
    return made
  }

  function open(shard: GenerationShard): Promise<Opened> {
    const known = opened.get(shard.sha256)
    if (known) return Promise.resolve(known)
    return once(shard.sha256, async () => {
      const made = await openShard(store, shard).catch((error: unknown) => {
        throw ownFault(shard.key, error)
      })
      opened.keep(shard.sha256, made)
      return made
    })
  }

  /** Blocks [first, last] that are not known, in one piece. */
  async function fetch(shard: GenerationShard, { sums, summedBytes }: Opened, first: number, last: number): Promise<Uint8Array[]> {
    const range = { start: first * sumBlockBytes, end: Math.min((last + 1) * sumBlockBytes, summedBytes) }
    const bytes = await store.get(shard.key, range).catch((error: unknown) => {
      throw ownFault(shard.key, error)
    })
    if (bytes.length !== range.end - range.start) throw unreadable(shard.key, `it ends before byte ${range.end}`)
    return blockSums(bytes).map((sum, i) => {
      if (Buffer.compare(sum, sumAt(sums, first + i)) !== 0) throw unreadable(shard.key, `block ${first + i} has another sum`)
      // Each by itself, so that one that is let go frees its memory.
      const block = first === last ? bytes : bytes.slice(i * sumBlockBytes, (i + 1) * sumBlockBytes)
      blocks.keep(`${shard.sha256} ${first + i}`, block)
      return block
    })
  }

  return {
    async header(shard) {
      return (await open(shard)).header
    },
    async read(shard, { start, end }) {
      const opening = await open(shard)
      const [first, last] = [Math.floor(start / sumBlockBytes), Math.floor(Math.max(start, end - 1) / sumBlockBytes)]
      const known = Array.from({ length: last - first + 1 }, (_, i) => blocks.get(`${shard.sha256} ${first + i}`))
      const lacks = known.includes(undefined)
      const read = lacks ? await once(`${shard.sha256} ${first} ${last}`, () => fetch(shard, opening, first, last)) : (known as Uint8Array[])
      const [from, to] = [start - first * sumBlockBytes, end - first * sumBlockBytes]
      return read.length === 1 ? (read[0] as Uint8Array).subarray(from, to) : Buffer.concat(read).subarray(from, to)
    },
  }
}

const sumAt = (sums: Uint8Array, block: number): Uint8Array => sums.subarray(block * hashBytes, (block + 1) * hashBytes)

async function openShard(store: Pick<ObjectStore, 'get'>, shard: GenerationShard): Promise<Opened> {
  const bytes = await store.get(shard.key, { start: 0, end: Math.min(sumBlockBytes, shard.bytes) })
  const header = parseTokenShardHeader(bytes.subarray(0, tokenShardHeaderBytes), shard.bytes)
  requireAsListed(header, shard)
  const range = blockSumsRange(header)
  if (shard.blocks_root === undefined) return { header, sums: await sumWhole(store, shard, range.start), summedBytes: range.start }
  const sums = await store.get(shard.key, range)
  if (sums.length !== range.end - range.start || rootOfSums(sums) !== shard.blocks_root) throw unreadable(shard.key, 'its block sums are others')
  const summed = bytes.subarray(0, Math.min(sumBlockBytes, range.start))
  if (Buffer.compare(leafHash(summed), sumAt(sums, 0)) !== 0) throw unreadable(shard.key, 'its first block has another sum')
  return { header, sums, summedBytes: range.start }
}

/** Sums of one that has none. */
async function sumWhole(store: Pick<ObjectStore, 'get'>, { key, bytes: size, sha256 }: GenerationShard, summedBytes: number): Promise<Uint8Array> {
  const whole = createHash('sha256')
  const sums: Uint8Array[] = []
  for (let start = 0; start < size; start += pieceBytes) {
    const piece = await store.get(key, { start, end: Math.min(size, start + pieceBytes) })
    whole.update(piece)
    for (const sum of blockSums(piece.subarray(0, Math.max(0, summedBytes - start)))) sums.push(sum)
  }
  if (whole.digest('hex') !== sha256) throw unreadable(key, 'its sha256 is another')
  return Buffer.concat(sums)
}
