import { utimes } from 'node:fs/promises'
import { join } from 'node:path'
import type { Document } from '#schemas/document.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { decodeDocuments } from '#schemas/parquet/decode.ts'
import { jobs, type Player, type Seat } from '../arena.ts'
import { rowOf, withText, type Hand } from '../hand.ts'
import { newRows } from '../honest.ts'

/** Who is robbed. */
export const victim = 'honest 1'

/** Honest, and comes when the cheats do. */
const newcomer = 'honest newcomer'

/** Copies, one cycle late, what an honest miner had claimed by then. */
const robbing = (name: string, of: string, copy: (row: Document, n: number, seat: Seat) => Document, then?: (seat: Seat) => Promise<void>): Player => ({
  name,
  of,
  async play(cycle, seat) {
    if (cycle !== 1) return
    const rows = seat.arena.seat(victim).mined.filter(({ fetched_at }) => fetched_at < seat.hand.now)
    await seat.hand.claim(rows.map((row, n) => copy(rowOf(row, seat.hand), n, seat)))
    await then?.(seat)
  },
})

const later = (row: Document, byMs: number): Document => ({ ...row, fetched_at: new Date(row.fetched_at.getTime() + byMs) })

/** Sets what the store says of when the objects were written. */
async function backdate({ subnet, signer }: Hand): Promise<void> {
  const at = new Date(Date.UTC(2020, 0, 1))
  for (const prefix of [`data/hotkey=${signer.address}/`, `manifests/hotkey=${signer.address}/`])
    for await (const { key } of subnet.store.list(prefix)) await utimes(join(subnet.dir, 'store', key), at, at)
}

export const copyCheats: readonly Player[] = [
  robbing('thief', 'issue: thief', (row) => row),
  robbing('thief, fetched_at + 1 ms', 'issue: fetched_at + 1 ms', (row) => later(row, 1)),
  robbing('frames its victim by an earlier fetch', 'issue: framing', (row) => later(row, -3_600_000)),
  robbing(
    'frames its victim by an old store clock',
    'issue: old store clock',
    (row) => row,
    ({ hand }) => backdate(hand),
  ),
  robbing('thief that changes a sentence of each row', 'new', (row) =>
    withText(row, row.text.replace(/(?<=\. )[^.]+\./, 'And so it was, all day long, as everybody there said.')),
  ),
  robbing('thief under another address of the page', 'new', (row, _n, { arena: { web } }) => {
    const uri = `${row.uri}?from=feed`
    web.publish(uri, web.page(row.uri))
    return { ...row, uri, url: uri }
  }),
  { name: newcomer, of: 'to compare clusters with', bound: Infinity, play: (cycle, seat) => seat.mine(newRows(cycle, seat)) },
  {
    name: 'cluster of three hotkeys',
    of: 'data-universe 14',
    than: newcomer,
    hotkeys: 3,
    bound: 1.1,
    async play(cycle, seat) {
      seat.mined.push(...newRows(cycle, seat))
      for (const hand of seat.hands) await hand.claim(seat.mined.map((row) => rowOf(row, hand)))
    },
  },
  {
    name: 'cluster of five hotkeys, each fetch a second later',
    of: 'data-universe 14',
    than: newcomer,
    hotkeys: 5,
    bound: 1.1,
    async play(cycle, seat) {
      seat.mined.push(...newRows(cycle, seat))
      for (const [n, hand] of seat.hands.entries()) await hand.claim(seat.mined.map((row) => later(rowOf(row, hand), -1000 * n)))
    },
  },
  {
    name: 'ring of two hotkeys, each with the rows of both',
    of: 'new',
    than: newcomer,
    hotkeys: 2,
    bound: 1.1,
    async play(cycle, seat) {
      seat.mined.push(...newRows(cycle, seat))
      // One is the first to show the news, one all else; each shows what the other has a cycle later.
      for (const [half, hand] of seat.hands.entries()) {
        const rows = seat.mined.filter(({ fetched_at, job_id }) => (job_id === jobs.news.id) === (half === 0) || fetched_at < hand.now)
        await hand.claim(rows.map((row) => rowOf(row, hand)))
      }
    },
  },
  {
    name: 'front-runner: commits what is uploaded before its owner does',
    of: 'new',
    byCycle: 10,
    // It may know the keys; to read what they name is another thing.
    async play(_cycle, { arena, hand }) {
      const { subnet, service } = arena
      const theirs = await Array.fromAsync(subnet.store.list(`data/hotkey=${arena.seat(slow).hand.signer.address}/`))
      const shown = service.storeOf(hand.signer)
      const rows: Document[] = []
      for (const { key } of theirs.filter(({ key }) => key.endsWith('.parquet'))) rows.push(...(await rowsShown(key, shown)))
      if (rows.length > 0) await hand.claim(rows.map((row) => rowOf(row, hand)))
    },
  },
]

/** Who uploads long before it commits. */
export const slow = 'slow upload'

/** Of a shard; none where the service does not let it be read. */
const rowsShown = async (key: string, store: ObjectStore): Promise<Document[]> => {
  try {
    return await decodeDocuments(await store.get(key))
  } catch (error) {
    if (error instanceof OrreryError && error.code === 'store_unavailable' && error.message.includes('permit')) return []
    throw error
  }
}
