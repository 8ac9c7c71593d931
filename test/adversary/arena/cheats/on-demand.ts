import { platformSource } from '#schemas/on-demand-rows.ts'
import type { Document } from '#schemas/document.ts'
import type { OnDemandJob } from '#schemas/on-demand.ts'
import { onDemand } from '#scraper/validator/scoring/constants.ts'
import type { Player, Seat } from '../arena.ts'
import { invention } from '../hand.ts'
import { newRows } from '../honest.ts'
import type { Answer } from '../on-demand.ts'

/** Mines honestly, and answers so. */
const answering = (name: string, of: string, answer: (job: OnDemandJob, seat: Seat) => Answer): Player => ({
  name,
  of,
  play: (cycle, seat) => seat.mine(newRows(cycle, seat)),
  answer,
})

const isWeb = ({ job }: OnDemandJob): boolean => job.platform === 'web'
const rowOf = ({ uri, datetime, text }: Document) => ({ uri, datetime, source: platformSource.web, label: 'example', content: text })

/** Pages that it has, or posts. */
const honestly = (job: OnDemandJob, { mined, host, hand }: Seat): Answer => {
  if (isWeb(job)) return mined.slice(0, job.limit).map(rowOf)
  return Array.from({ length: job.limit }, (_, n) => ({
    uri: `http://${host('news')}/post/${n}`,
    datetime: hand.now,
    source: platformSource.reddit,
    label: 'r/example',
    content: JSON.stringify({ title: `An article of ${host('news')}`, body: invention(n, 3), communityName: 'r/example' }),
  }))
}

/** With what chance makes of the draws of answers. */
const abstaining = onDemand.abstainFactor + 0.05

export const answeringPlayers = (count: number): Player[] => Array.from({ length: count }, (_, n) => answering(`honest ${n + 1}`, 'honest', honestly))

/**
 * Ways to answer that are no answers. Each mines honestly beside: what it is paid for that counts up to what on demand allows. Who leaves out a platform is paid for the
 * answers that it gives, by the protocol: its part on demand is multiplied by 0.3 (`coverage_mult`) for each platform on which it tried nothing, the store counts up to
 * twice that part, and the index up to both; so three tenths are left of everything.
 */
export const demandCheats: readonly Player[] = [
  answering('answers nothing at all', 'data-universe 15', () => undefined),
  answering('empty answers', 'data-universe 3', () => []),
  answering('made-up answers', 'data-universe 3', (job, seat) =>
    isWeb(job) ? honestly(job, seat)?.map((row, n) => ({ ...row, content: `# Article\n\n${invention(n, 6)}` })) : [],
  ),
  answering('cuttings of pages', 'data-universe 3', (job, seat) => (isWeb(job) ? honestly(job, seat)?.map((row) => ({ ...row, content: 'An article' })) : [])),
  { ...answering('answers jobs of one kind alone', 'data-universe 15', (job, seat) => (isWeb(job) ? honestly(job, seat) : undefined)), bound: abstaining },
]
