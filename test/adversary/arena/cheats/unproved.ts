import type { Document } from '#schemas/document.ts'
import type { Player, Seat } from '../arena.ts'
import { fabricated, withText, invention } from '../hand.ts'
import { newRows } from '../honest.ts'
import { article } from '../web.ts'

/** Rows that are claimed honestly. */
const honestRows = 160
const addedRows = 16
const twin = 'claims as many rows honestly'

/**
 * Claims, once, honest rows, and a tenth of its news more that is made up where nobody can prove it: 1.08 times the rows, which count squared. Within the part of its pages
 * that an honest miner may lose (`proof.confirmedMin`) nothing tells the two apart; beyond that, and by chance near it, what is not confirmed is taken off.
 */
const adding = (name: string, add: (rows: readonly Document[], seat: Seat, cycle: number) => readonly Document[]): Player => ({
  name,
  of: 'new',
  than: twin,
  bound: 1.2,
  byCycle: 10,
  async play(cycle, seat) {
    if (cycle === 0) {
      seat.mined.push(...newRows(0, seat), ...seat.read('news', honestRows))
      seat.kept.push(...seat.read('news', addedRows))
      await seat.hand.claim([...seat.mined, ...add(seat.kept, seat, cycle)])
    } else add(seat.kept, seat, cycle)
  },
})

const elsewhere = (row: Document, host: string): Document => ({ ...row, host, uri: row.uri.replace(row.host, host), url: row.url.replace(row.host, host) })

/** What is made up as a small part of an honest claim. */
export const unprovedCheats: readonly Player[] = [
  {
    name: twin,
    of: 'to compare with',
    bound: Infinity,
    async play(cycle, seat) {
      if (cycle === 0) await seat.hand.claim([...newRows(0, seat), ...seat.read('news', honestRows)])
    },
  },
  adding('a tenth more on hosts that never answer', (rows, { arena: { web } }) =>
    rows.map((row, n) => {
      const host = `silent-${row.host}`
      web.silent.add(host)
      return elsewhere(fabricated(row, 980_000 + 2 * n), host)
    }),
  ),
  adding('a tenth more on a host that answers all with one page', (rows, { arena: { web } }) =>
    rows.map((row, n) => {
      const made = elsewhere(fabricated(row, 981_000 + 2 * n), `wall-${row.host}`)
      web.publish(made.url, article(9_999_998, null))
      return made
    }),
  ),
  adding('a tenth more on pages that are others at each look', (rows, { arena: { web, subnet } }, cycle) =>
    rows.map((row, n) => {
      web.publish(row.url, { ...article(9_000_000 + 1000 * cycle + n, null), modifiedAt: new Date(subnet.facts.now()) })
      return fabricated(row, 982_000 + 2 * n)
    }),
  ),
  adding('a tenth more with texts of its own, of pages that tell nothing of their age', (rows, { arena: { web } }, cycle) =>
    rows.map((row, n) => {
      if (cycle === 0) web.publish(row.url, article(8_000_001 + 2 * n, null))
      return withText(row, `# ${row.title}\n\n${invention(983_000 + 2 * n, 6)}`)
    }),
  ),
]
