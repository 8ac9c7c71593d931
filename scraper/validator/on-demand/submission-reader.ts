import { portThread, type PortThread } from '#infra/sqlite/port-thread.ts'
import type { Clock } from '#schemas/clock.ts'
import type { OnDemandJob } from '#schemas/on-demand.ts'
import { OnDemandRow } from '#schemas/on-demand-rows.ts'
import { rowFault, sameAddress } from '#schemas/on-demand-match.ts'

/** More is no submission, whatever the job asks for. */
const rowsMax = 10_000

interface DrawWish {
  job: OnDemandJob
  /** Rows that are to be looked at. */
  picks: number
  /** What chooses them: nobody who submits knows it. */
  seed: number
}

/** `fault`: it is no submission for the job, and why. Else how many rows it has, none twice, and those that were drawn. */
export type DrawnRows = { rows: number; fault: string; drawn: [] } | { rows: number; fault: undefined; drawn: OnDemandRow[] }

/** Reads submissions, which may be 15 MB of anything. */
export interface SubmissionReader extends AsyncDisposable {
  draw(bytes: Uint8Array, wish: DrawWish): Promise<DrawnRows>
}

export const submissionReader = (): SubmissionReader => ({
  draw: async (bytes, wish) => draw(bytes, wish),
  [Symbol.asyncDispose]: async () => undefined,
})

/** In a thread, so that nobody waits for one that is long. */
export const threadedReader = (clock: Clock, thread: PortThread = portThread('the submissions', clock)): SubmissionReader =>
  thread.open<Pick<SubmissionReader, 'draw'>>({ module: import.meta.url, factory: 'submissionReader', args: [] }, { draw: true })

/** Every row is held against the job, and against those before it. */
function draw(bytes: Uint8Array, { job, picks, seed }: DrawWish): DrawnRows {
  const given = entitiesIn(bytes)
  if (!given) return refused('it is no JSON of {data_entities: […]}')
  if (given.length > rowsMax) return refused(`it has ${given.length} rows, more than ${rowsMax}`)
  const rows: OnDemandRow[] = []
  const seen = new Set<string>()
  for (const [n, each] of given.entries()) {
    const row = OnDemandRow.safeParse(each)
    if (!row.success) return refused(`row ${n} is none (${row.error.issues[0]?.path.join('.') ?? ''}: ${row.error.issues[0]?.message ?? ''})`)
    const fault = rowFault(job, row.data)
    if (fault !== undefined) return refused(`row ${n} is not what was asked for (${fault})`)
    const address = sameAddress(row.data.uri)
    if (seen.has(address)) return refused(`row ${n} is there twice`)
    seen.add(address)
    rows.push(row.data)
  }
  return { rows: rows.length, fault: undefined, drawn: picked(rows, picks, seed) }
}

const refused = (fault: string): DrawnRows => ({ rows: 0, fault, drawn: [] })

function entitiesIn(bytes: Uint8Array): unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    const given = typeof value === 'object' && value !== null ? (value as { data_entities?: unknown }).data_entities : undefined
    return Array.isArray(given) ? given : undefined
  } catch {
    return undefined
  }
}

/** So many of them, each as likely as the others. */
function picked<T>(rows: readonly T[], picks: number, seed: number): T[] {
  const left = [...rows]
  const drawn: T[] = []
  for (let state = seed >>> 0; drawn.length < picks && left.length > 0;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    const at = Math.floor((state / 2 ** 32) * left.length)
    const [row] = left.splice(at, 1)
    if (row !== undefined) drawn.push(row)
  }
  return drawn
}
