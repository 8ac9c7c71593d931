import type { Document } from '#schemas/document.ts'
import type { Player, Seat } from './arena.ts'

/** Pages a miner begins with, and how many come in each cycle after. */
export const firstPages = { news: 24, dear: 10, past: 10 } as const
const firstJobs = Object.keys(firstPages) as (keyof typeof firstPages)[]
export const morePages = 2
export const pagesOfAll = Object.values(firstPages).reduce((sum, pages) => sum + pages, 0)

/** What is new of an honest day. */
export function newRows(cycle: number, seat: Seat): Document[] {
  return cycle === 0 ? firstJobs.flatMap((name) => seat.read(name, firstPages[name])) : seat.read('news', morePages)
}

const honest = (n: number): Player => ({
  name: `honest ${n}`,
  of: 'honest',
  play: (cycle, seat) => seat.mine(newRows(cycle, seat)),
})

export const honestPlayers = (count: number): Player[] => Array.from({ length: count }, (_, n) => honest(n + 1))
