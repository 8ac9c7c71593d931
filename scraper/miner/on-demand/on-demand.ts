import type { OnDemandBoard } from '#infra/on-demand/board.ts'
import { recentValues } from '#infra/recent-values.ts'
import { stackOf } from '#infra/telemetry/stack-of.ts'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import { onDemandLimits as limits, type OnDemandJob } from '#schemas/on-demand.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { answerJob, type AnswerParts, type End } from './answer-job.ts'

export interface OnDemandMinerParts extends AnswerParts {
  board: Pick<OnDemandBoard, 'active' | 'submit'>
  pace: Clock
  telemetry: Telemetry
}

export interface OnDemandMiner extends AsyncDisposable {
  /** Asks once which jobs there are, and begins to answer those that are new; where it cannot ask, it says so. @returns rest until the next time, ms. @throws the signal's reason */
  poll(signal: AbortSignal): Promise<number>
  /** Resolves when nothing is being answered. */
  idle(): Promise<void>
}

const pollMs = 10_000
/** After a poll that came to nothing. */
const restMs = 60_000
const answersAtOnce = 4
/** Of ids of jobs that were seen: of more than may run. */
const seenBytesMax = 4 * 2 ** 20
/** A clock of the service that is set back passes over no job. */
const overlapMs = 60_000
const pagesMax = limits.runningMax / limits.activeMax

interface Waiting {
  job: OnDemandJob
  /** It is over by then, whatever the clocks of others say. */
  overAt: number
}

/**
 * Answers on-demand jobs. Of the web: the page that a job names is fetched, and rows that have its keywords are looked for in the miner's own shards. Of Reddit and X:
 * posts are scraped, where there are credentials. Each job that is seen comes to one end, counted as `on_demand.jobs{end}` and told by `on_demand.job`: `submitted`;
 * `nothing` was found, which is not submitted; `unserved`, of a platform that is not scraped here; `late` or `taken`, as the service says, or as it waited too long for
 * its turn; `failed`. What a killed process was about to answer is answered again, as long as the job runs; the service takes it once.
 */
export function onDemandMiner(parts: OnDemandMinerParts): OnDemandMiner {
  const { board, pace, telemetry } = parts
  const seen = recentValues<string, true>({ bytesMax: seenBytesMax, now: pace.now })
  const waiting: Waiting[] = []
  const answering = new Set<Promise<void>>()
  const closing = new AbortController()
  /** By the clock of the service, which bounds it. */
  let since = 0

  const answerNext = (signal: AbortSignal): void => {
    while (answering.size < answersAtOnce) {
      const next = waiting.shift()
      if (!next) return
      const { job, overAt } = next
      // What is scraped too late is paid for, and of no use.
      const work = pace.now() < overAt ? answerJob(parts, job, signal) : Promise.resolve<End>({ end: 'late', rows: 0, reason: 'no_turn' })
      const answer: Promise<void> = work
        .then((end) => tell(telemetry, job, end))
        .finally(() => {
          answering.delete(answer)
          if (!signal.aborted) answerNext(signal)
        })
      answering.add(answer)
    }
  }
  const take = (job: OnDemandJob): void => {
    if (seen.get(job.id)) return
    seen.keep(job.id, true, 2 * limits.lifeMsMax)
    if (waiting.length < limits.runningMax)
      waiting.push({ job, overAt: pace.now() + Date.parse(job.expire_at) - Date.parse(job.created_at) - limits.promiseMsLast })
    else tell(telemetry, job, { end: 'late', rows: 0, reason: 'no_turn' })
  }
  const ask = async (signal: AbortSignal): Promise<void> => {
    for (let [page, from] = [0, since]; page < pagesMax; page++) {
      const jobs = await board.active(from, signal)
      for (const job of jobs) take(job)
      const newest = Date.parse(jobs.at(-1)?.created_at ?? '')
      if (newest - overlapMs > since) since = newest - overlapMs
      if (jobs.length < limits.activeMax) return
      from = Math.max(from + 1, newest)
    }
  }
  const idle = async (): Promise<void> => {
    while (answering.size > 0) await Promise.all(answering)
  }
  return {
    async poll(signal) {
      const asked = await ask(signal).then(
        () => true,
        (error: unknown) => {
          signal.throwIfAborted()
          telemetry.event('on_demand.not_asked', { error: error instanceof OrreryError ? error.message : stackOf(error) })
          return false
        },
      )
      answerNext(AbortSignal.any([signal, closing.signal]))
      return asked ? pollMs : restMs
    },
    idle,
    async [Symbol.asyncDispose]() {
      waiting.length = 0
      closing.abort(new DOMException('The miner stops.', 'AbortError'))
      await idle()
    },
  }
}

function tell(telemetry: Telemetry, { id, job }: OnDemandJob, { end, rows, reason }: End): void {
  telemetry.count('on_demand.jobs', 1, { end })
  telemetry.event('on_demand.job', { id, platform: job.platform, end, rows, ...(reason !== undefined && { reason }) })
}
