import { onDemandBoard, type OnDemandBoard } from '#infra/on-demand/board.ts'
import type { Signer } from '#schemas/chain.ts'
import type { OnDemandJob } from '#schemas/on-demand.ts'
import { encodeRows } from '#schemas/on-demand-rows.ts'
import { openOnDemandJudge } from '#scraper/validator/on-demand/open-judge.ts'
import type { Subnet } from '../subnet.ts'
import type { Service } from './service.ts'
import type { Web } from './web.ts'

/** What somebody answers to a job; undefined: nothing at all. */
export type Answer = Parameters<typeof encodeRows>[0] | undefined

/** On-demand jobs of a subnet, asked and answered through its access service. */
export interface Demand extends AsyncDisposable {
  /** Asks for pages and for posts, lets each hotkey answer, and has the answers judged. */
  round(answers: readonly { signer: Signer; answer(job: OnDemandJob): Answer }[]): Promise<void>
}

/** Jobs of each platform in a round. */
const jobsOfRound = 4

/** @param folder of the validator, whose cycles take the outcomes from there */
export async function openDemand(
  { subnet, web, signer, folder }: { subnet: Subnet; web: Web; signer: Signer; folder: string },
  { onDemand, clientOf }: Service,
): Promise<Demand> {
  await using stack = new AsyncDisposableStack()
  const { pace, telemetry } = subnet
  const boardOf = (asking: Signer): OnDemandBoard => onDemandBoard(clientOf(asking))
  const judge = stack.use(openOnDemandJudge({ folder, board: boardOf(signer), refetch: web.refetch, findPosts: async () => new Map(), pace, telemetry }))
  const { signal } = new AbortController()
  const open = stack.move()
  return {
    async round(answers) {
      const jobs: OnDemandJob[] = []
      for (let n = 0; n < jobsOfRound; n++) {
        const wish = { start_date: null, end_date: null, limit: 3, keyword_mode: 'any' as const, expire_at: null }
        jobs.push(await onDemand.create({ ...wish, job: { platform: 'web', usernames: [], keywords: ['article'], url: null } }))
        jobs.push(await onDemand.create({ ...wish, job: { platform: 'reddit', usernames: [], keywords: ['article'], subreddit: null, url: null } }))
      }
      pace.advance(20_000)
      for (const { signer: answering, answer } of answers)
        for (const job of jobs) {
          const rows = answer(job)
          if (rows) await boardOf(answering).submit(job.id, encodeRows(rows), signal)
        }
      pace.advance(150_000)
      await judge.round(signal)
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}
