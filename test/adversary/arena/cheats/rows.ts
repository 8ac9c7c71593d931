import type { Document } from '#schemas/document.ts'
import { jobs, type Player, type Seat } from '../arena.ts'
import { fabricated, invention, withText } from '../hand.ts'
import { newRows } from '../honest.ts'
import { article, type WebPage } from '../web.ts'

/** Claims, once, these rows of all jobs. */
const claiming = (name: string, of: string, rows: (documents: Document[], seat: Seat) => readonly Document[]): Player => ({
  name,
  of,
  async play(cycle, seat) {
    if (cycle === 0) await seat.hand.claim(rows(newRows(0, seat), seat))
  },
})

/** Of so many rows that a tenth is no bad luck any more. */
const tenth = (name: string, rows: (documents: Document[], seat: Seat) => readonly Document[]): Player => ({
  ...claiming(name, 'issue', (few, seat) => rows([...few, ...seat.read('news', 160)], seat)),
  than: 'huge files',
  byCycle: 10,
})

/** The pages as they would be, had they been there: of hosts that are, where nothing is. */
const invented = (seat: Seat, documents: readonly Document[]): Document[] =>
  documents.map((row) => {
    seat.arena.web.remove(row.uri)
    return row
  })

const fabricated70 = (row: Document, n: number): Document => (n % 10 < 7 ? fabricated(row, 900_000 + 2 * n) : row)
const fabricated10 = (row: Document, n: number): Document => (n % 10 === 0 ? fabricated(row, 905_000 + 2 * n) : row)

const dearApart = 'crowds as many rows, dear ones in one bucket'

/** Text that no page has, in growing shares and many spellings. */
export const rowCheats: readonly Player[] = [
  claiming('100 % fabricated', 'data-universe 9', (rows) => rows.map((row, n) => fabricated(row, 915_000 + 2 * n))),
  claiming('70 % fabricated', 'issue', (rows) => rows.map(fabricated70)),
  tenth('10 % fabricated', (rows) => rows.map(fabricated10)),
  claiming('pages that never were', 'data-universe 9', (rows, seat) => invented(seat, rows)),
  tenth('pages that never were, one in ten', (rows, seat) => rows.map((row, n) => (n % 10 === 0 ? (invented(seat, [row])[0] as Document) : row))),
  claiming('templated text', 'data-universe 9', (rows) =>
    rows.map((row, n) =>
      withText(row, `# ${row.title}\n\nThis article is about ${invention(700_000 + n, 6)}\n\nRead more about this topic here. Share it with your friends.`),
    ),
  ),
  claiming('text padded with hex', 'data-universe 9', (rows) =>
    rows.map((row) => withText(row, `${row.text}\n\n${`${row.id} ${row.html_sha256} `.repeat(20)}`)),
  ),
  claiming('text padded with filler', 'data-universe 2', (rows) => rows.map((row, n) => withText(row, `${row.text}\n\n${invention(500_000 + n, 60)}`))),
  claiming('declares more bytes than there are', 'data-universe 2', (rows) => rows.map((row) => ({ ...row, text_bytes: row.text_bytes * 10 }))),
  claiming('ids of other texts', 'data-universe 9', (rows) => rows.map((row, n) => ({ ...row, id: rows[(n + 1) % rows.length]?.id ?? row.id }))),
  claiming('addresses of other pages', 'data-universe 9', (rows) =>
    rows.map((row, n) => ({ ...row, uri: row.uri.replace(/\d+$/, String(800 + n)), url: row.url.replace(/\d+$/, String(800 + n)) })),
  ),
  claiming('real rows at the head alone', 'data-universe 10', (rows) => {
    const byJob = Map.groupBy(rows, ({ job_id }) => job_id)
    return [...byJob.values()].flatMap((of, job) => of.map((row, n) => (n < of.length / 3 ? row : fabricated(row, 910_000 + 1000 * job + 2 * n))))
  }),
  claiming('variants of a few addresses', 'data-universe 11', (rows, seat) => variants(rows, seat, (row) => row)),
  claiming('variants of a few addresses, each with a word of its own', 'data-universe 11', (rows, seat) =>
    variants(rows, seat, (row, n) => withText(row, `${row.text} ${invention(n, 1)}`)),
  ),
  {
    name: '10 % fabricated, shuffled anew for each look',
    than: 'huge files',
    byCycle: 10,
    of: 'issue: grinding',
    async play(cycle, seat) {
      if (cycle === 0) seat.mined.push(...[...newRows(0, seat), ...seat.read('news', 160)].map(fabricated10))
      await seat.hand.claim(seat.mined.map((_, n, rows) => rows[(7 * n + cycle) % rows.length] as Document))
    },
  },
  claiming('columns that say what the pages do not', 'issue: forged columns', (rows) =>
    rows.map((row) => ({
      ...row,
      lang: 'de',
      languages: { de: 1 },
      lang_score: 1,
      quality: { ...row.quality, word_count: 9999 },
      rights: { ...row.rights, licence: 'CC0-1.0', licence_scope: 'page' },
    })),
  ),
  claiming('one in five without a word', 'data-universe 9', (rows) => rows.map((row, n) => (n % 5 === 0 ? withText(row, `${'.'.repeat(n + 1)} - …`) : row))),
  claiming('pages of another job', 'issue: dear jobs', (rows) => rows.map((row) => ({ ...row, job_id: jobs.dear.id }))),
  { ...crowding(dearApart, Infinity, [17, 7]), of: 'to compare with' },
  // Who has much of a bucket has more of it by the protocol (own bytes² ÷ all), whatever job the rows are of. So it is held against who crowds as many rows.
  { ...crowding('rows of the dear job in each bucket of cheap ones', 1.02, [12, 12]), than: dearApart },
  {
    name: 'each page in two jobs',
    of: 'new',
    bound: 1.05,
    async play(cycle, seat) {
      if (cycle > 0) return
      const rows = newRows(0, seat)
      await seat.hand.claim([...rows, ...rows.map((row) => ({ ...row, job_id: jobs.dear.id }))])
    },
  },
  claiming('one good row over and over, that draws fall on it', 'issue: padded row groups', (rows) => {
    const [good, ...others] = rows.filter(({ job_id }) => job_id === jobs.news.id) as [Document, ...Document[]]
    const padding = Array.from({ length: 400 }, (_, n) => ({ ...good, fetched_at: new Date(good.fetched_at.getTime() - n) }))
    return [...padding, ...others.map((row, n) => fabricated(row, 920_000 + 2 * n))]
  }),
  hiding('hides in one large job', 'news'),
  hiding('hides in the tail of small jobs', 'dear'),
  {
    name: 'good file claims more rows, that draws fall on it',
    of: 'issue: draw-steering',
    async play(cycle, seat) {
      if (cycle > 0) return
      const rows = newRows(0, seat)
      const good = await seat.hand.shard(jobs.news.id, rows.slice(0, 16), { key: (key) => key.replace(/_16_/, '_160000_') })
      const bad = rows.slice(16).map((row, n) => fabricated({ ...row, job_id: jobs.news.id }, 930_000 + 2 * n))
      await seat.hand.publish(new Map([[jobs.news.id, [{ ...good, rows: 160_000 }, await seat.hand.shard(jobs.news.id, bad)]]]))
    },
  },
]

/** Crowds cheap rows and dear ones into two buckets, 17 rows each. @param cheap of each bucket's rows so many */
function crowding(name: string, bound: number, cheap: readonly [number, number]): Player {
  return {
    name,
    of: 'issue: dear buckets',
    bound,
    async play(cycle, seat) {
      if (cycle > 0) return
      const buckets = cheap.map((count, bucket) => {
        const at = new Date(hourStart(seat) - (1 + bucket) * hourMs)
        const inBucket = (n: number): WebPage => article(n, at)
        return [...seat.read('news', count, inBucket), ...seat.read('dear', crowd - count, inBucket)]
      })
      await seat.hand.claim([...buckets.flat(), ...seat.read('past', 10)])
    },
  }
}

const hourMs = 3_600_000
/** Rows of each job, by those of a bucket. */
const crowd = 17
const hourStart = ({ arena }: Seat): number => Math.floor(arena.subnet.facts.now() / hourMs) * hourMs

/** Fabricates one job and is honest in the others: the largest one, or a small one. */
function hiding(name: string, job: 'news' | 'dear'): Player {
  return {
    name,
    of: 'data-universe 13',
    byCycle: 10,
    async play(cycle, seat) {
      if (cycle > 0) return
      const rows = [...newRows(0, seat), ...seat.read('news', 60)]
      await seat.hand.claim(rows.map((row, n) => (row.job_id === jobs[job].id ? fabricated(row, 940_000 + 2 * n) : row)))
    },
  }
}

/** A few pages, each under ten addresses that show it. */
const variants = (rows: readonly Document[], { arena: { web } }: Seat, change: (row: Document, n: number) => Document): Document[] =>
  rows.slice(0, 16).flatMap((page, at) =>
    Array.from({ length: 10 }, (_, n) => {
      const uri = `${page.uri}?${['slug', 'ref', 'page', 'View'][n % 4]}=${n}`
      web.publish(uri, web.page(page.uri))
      return change({ ...page, uri, url: uri }, 10 * at + n)
    }),
  )
