import { networkOf } from '#infra/chain/network.ts'
import type { Document } from '#schemas/document.ts'
import type { DataFile } from '#schemas/data-file.ts'
import { jobs, type Player } from '../arena.ts'
import type { Hand } from '../hand.ts'
import { newRows } from '../honest.ts'
import { writeForeign } from '../../site-pages.ts'

/** Claims, once, what an honest miner would, in files that are not what they should be: of each job one. */
const claiming = (name: string, of: string, fileOf: (hand: Hand, jobId: string, documents: readonly Document[]) => Promise<DataFile>): Player => ({
  name,
  of,
  async play(cycle, seat) {
    if (cycle > 0) return
    const files = new Map<string, DataFile[]>()
    for (const [jobId, documents] of Map.groupBy(newRows(0, seat), ({ job_id }) => job_id)) files.set(jobId, [await fileOf(seat.hand, jobId, documents)])
    await seat.hand.publish(files)
  },
})

const writing = (name: string, of: string, bytesOf: (documents: readonly Document[]) => Uint8Array): Player =>
  claiming(name, of, (hand, jobId, documents) => hand.shardOf(jobId, bytesOf(documents), documents))

/** The name of the file says hundred times the rows. */
const moreRows = (key: string): string => key.replace(/_(\d+)_([0-9a-f]{16})/, (_, rows, hex) => `_${rows}00_${hex}`)

/** Files that are not what the protocol asks for, or what is said of them. */
export const fileCheats: readonly Player[] = [
  claiming('inflated sizes', 'data-universe 1', async (hand, jobId, documents) => {
    const file = await hand.shard(jobId, documents)
    return { ...file, text_bytes: file.text_bytes * 20 }
  }),
  claiming('few rows many times', 'data-universe 4', (hand, jobId, few) =>
    hand.shard(
      jobId,
      Array.from({ length: 1000 }, (_, n) => few[n % few.length] as Document),
    ),
  ),
  claiming('header only', 'data-universe 5', (hand, jobId, documents) => hand.shardOf(jobId, new TextEncoder().encode('PAR1'), documents, { rows: 1000 })),
  claiming('tiny files', 'data-universe 5', (hand, jobId, documents) => hand.shard(jobId, documents.slice(0, 1))),
  writing('one row a row group', 'data-universe 6', (documents) => writeForeign(documents, { codec: 'ZSTD', rowGroupSize: 1 })),
  claiming('more rows in the name', 'data-universe 7', (hand, jobId, documents) => hand.shard(jobId, documents, { key: moreRows })),
  claiming('more rows in the name and the list', 'data-universe 7', async (hand, jobId, documents) => ({
    ...(await hand.shard(jobId, documents, { key: moreRows })),
    rows: documents.length * 100,
  })),
  writing('uncompressed', 'data-universe 8', (documents) => writeForeign(documents, { codec: 'UNCOMPRESSED', rowGroupSize: 10_000 })),
  {
    name: 'swaps the object',
    of: 'issue: commit, then swap',
    async play(cycle, seat) {
      if (cycle === 0) await seat.mine(newRows(0, seat))
    },
    // The bytes that were looked at make room for others of the same length.
    async after(_cycle, { hand: { subnet, signer } }) {
      for await (const { key, bytes } of subnet.store.list(`data/hotkey=${signer.address}/`)) {
        await subnet.store.delete(key)
        await subnet.store.put(key, new Uint8Array(bytes).fill(1))
      }
    },
  },
  {
    name: 'index of another subnet',
    of: 'issue: replayed index',
    async play(cycle, seat) {
      if (cycle > 0) return
      const { genesis } = await networkOf(seat.arena.subnet.chain)
      await seat.hand.claim(newRows(0, seat), { netuid: 14, genesis })
    },
  },
  {
    name: 'claims what nobody can hold',
    of: 'issue: mega-claims',
    async play(cycle, { hand, read }) {
      if (cycle > 0) return
      const file = await hand.shard(jobs.news.id, read('news', 20))
      const files = Array.from({ length: 1900 }, (_, n): DataFile => {
        const sha256 = n.toString(16).padStart(64, '0')
        return { ...file, sha256, rows: 4_000_000_000, bytes: 2 ** 40, key: file.key.replace(/_20_[0-9a-f]{16}/, `_4000000000_${sha256.slice(0, 16)}`) }
      })
      await hand.publish(new Map(['a', 'b', 'c', 'd'].map((job) => [job, files])))
    },
  },
]
