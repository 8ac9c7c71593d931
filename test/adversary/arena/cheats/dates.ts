import type { Document } from '#schemas/document.ts'
import { jobs, type JobName, type Player } from '../arena.ts'
import { newRows, pagesOfAll } from '../honest.ts'
import { article } from '../web.ts'

const dayMs = 86_400_000
const undated = { published_at: null, published_by: 'none' as const, published_score: 0 }

/** Claims old pages with other dates, beside honest rows of the other jobs, written anew in each cycle. */
const dating = (name: string, date: (row: Document) => Document, forged: JobName[] = ['news', 'dear']): Player => ({
  name,
  of: 'issue: date forging',
  async play(cycle, seat) {
    const { web, subnet } = seat.arena
    if (cycle === 0) {
      const rows = newRows(0, seat)
      for (const { job_id, url } of rows)
        if (forged.some((name) => jobs[name].id === job_id)) web.publish(url, { ...web.page(url), publishedAt: new Date(subnet.facts.now() - 28 * dayMs) })
      seat.mined.push(...seat.rowsOf(rows.map(({ url }) => url)))
    }
    const rows = seat.mined.map((row) => ({ ...row, fetched_at: seat.hand.now }))
    await seat.hand.claim(rows.map((row) => (forged.some((job) => jobs[job].id === row.job_id) ? date(row) : row)))
  },
})

export const restamping: Player = {
  name: 'restamps pages without a date',
  of: 'issue: restamping',
  bound: 1.05,
  async play(cycle, seat) {
    if (cycle === 0) seat.mined.push(...seat.read('news', pagesOfAll, (n) => article(n, null)))
    await seat.hand.claim(seat.mined.map((row) => ({ ...row, fetched_at: seat.hand.now, datetime: seat.hand.now })))
  },
}

export const dateCheats: readonly Player[] = [
  dating('dates moved forward', (row) => ({ ...row, datetime: row.fetched_at, published_at: row.fetched_at })),
  dating('dates left out', (row) => ({ ...row, datetime: row.fetched_at, ...undated })),
  dating(
    'dates moved back into the range of a job',
    (row) => {
      const at = new Date('2024-06-01T00:00:00Z')
      return { ...row, datetime: at, published_at: at }
    },
    ['past'],
  ),
  dating('dates of tomorrow', (row) => ({ ...row, datetime: new Date(row.fetched_at.getTime() + dayMs), published_at: null })),
  restamping,
]
