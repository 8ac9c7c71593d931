import { timeBucketOf } from '#schemas/data-universe.ts'
import type { DataFile } from '#schemas/data-file.ts'
import type { Document } from '#schemas/document.ts'
import type { RowList } from '#schemas/row-list.ts'
import { jobs, type Player, type Seat } from '../arena.ts'
import { fabricated, listOf, rowOf, type Hand } from '../hand.ts'
import { newRows } from '../honest.ts'
import type { WebPage } from '../web.ts'
import { victim } from './copies.ts'

/** Claims, once, what an honest miner would, in files of which something else is said. @param daysOld of the news */
const saying = (name: string, of: string, say: (seat: Seat, file: DataFile, rows: readonly Document[]) => Promise<DataFile>, daysOld = 0): Player => ({
  name,
  of,
  async play(cycle, seat) {
    if (cycle > 0) return
    const files = new Map<string, DataFile[]>()
    for (const [jobId, rows] of Map.groupBy(olderRows(seat, daysOld), ({ job_id }) => job_id))
      files.set(jobId, [await say(seat, await seat.hand.shard(jobId, rows), rows)])
    await seat.hand.publish(files)
  },
})

function olderRows(seat: Seat, days: number): Document[] {
  const rows = newRows(0, seat)
  if (days === 0) return rows
  const { web } = seat.arena
  const old = (url: string): WebPage => {
    const page = web.page(url)
    return { ...page, publishedAt: page.publishedAt && new Date(page.publishedAt.getTime() - days * 86_400_000) }
  }
  for (const { job_id, url } of rows) if (job_id !== jobs.past.id) web.publish(url, old(url))
  return seat.rowsOf(rows.map(({ url }) => url))
}

const listing = (name: string, of: string, change: (own: RowList, seat: Seat) => Partial<RowList>, daysOld = 0): Player =>
  saying(name, of, (seat, file) => seat.hand.listing(file, (own) => change(own, seat)), daysOld)

/** What is said of a file beside it, by which it is compared, weighed and proved. */
export const listCheats: readonly Player[] = [
  saying('list says twenty times the bytes', 'data-universe 1', async ({ hand }, file) => ({
    ...(await hand.listing(file, ({ textBytes }) => ({ textBytes: textBytes.map((bytes) => bytes * 20) }))),
    text_bytes: file.text_bytes * 20,
  })),
  saying(
    'list says that old pages are of today',
    'issue: date forging',
    async ({ hand }, file) => {
      const today = hand.now.toISOString()
      const hour = timeBucketOf(hand.now.getTime())
      return { ...(await hand.listing(file, (own) => ({ hour: own.hour.fill(hour) }))), datetime_range: { first: today, last: today } }
    },
    25,
  ),
  saying('without a list', 'issue: list that lies', async (_seat, { row_list: _list, row_groups: _groups, ...file }) => file),
  saying('list of other rows', 'issue: list that lies', ({ hand }, file, rows) =>
    hand.listing(file, () => identities(rows.map((row, n) => fabricated(row, 990_000 + 2 * n)))),
  ),
  saying('hashes of other row groups', 'issue: row groups that lie', async (_seat, file) => ({
    ...file,
    row_groups: (file.row_groups ?? []).map((group) => ({ ...group, sha256: 'ab'.repeat(32) })),
  })),
  listing('hashes of other blocks', 'issue: row groups that lie', ({ digests }) => ({ digests: digests.map((byte) => byte ^ 1) })),
  {
    name: 'thief whose list is of rows that nobody has',
    of: 'issue: list that lies',
    async play(cycle, seat) {
      if (cycle !== 1) return
      const stolen = seat.arena.seat(victim).mined.map((row) => rowOf(row, seat.hand))
      await publishListing(seat.hand, stolen, (rows) => rows.map((row, n) => fabricated({ ...row, uri: `${row.uri}/${n}` }, 995_000 + 2 * n)))
    },
  },
  {
    name: 'squatter: lists the pages of another before that one has them',
    of: 'new',
    byCycle: 10,
    async play(cycle, seat) {
      if (cycle > 0) return
      const theirs = Map.groupBy(seat.arena.seat(squatted).kept, ({ job_id }) => job_id)
      await publishListing(seat.hand, newRows(0, seat), (_rows, jobId) => theirs.get(jobId) ?? [])
    },
  },
]

/** Who is to come late to pages of its own. */
export const squatted = 'pages squatted upon'

/** What a list says of who the rows are; what they count for is left as it was. */
function identities(rows: readonly Document[]): Partial<RowList> {
  const { hour: _hour, textBytes: _textBytes, label: _label, ...identity } = listOf(rows).columns
  return identity
}

/** Claims rows in files whose lists are of others, as many. */
async function publishListing(
  hand: Hand,
  claimed: readonly Document[],
  listed: (rows: readonly Document[], jobId: string) => readonly Document[],
): Promise<void> {
  const files = new Map<string, DataFile[]>()
  for (const [jobId, rows] of Map.groupBy(claimed, ({ job_id }) => job_id))
    files.set(jobId, [await hand.listing(await hand.shard(jobId, rows), () => identities(listed(rows, jobId)))])
  await hand.publish(files)
}
