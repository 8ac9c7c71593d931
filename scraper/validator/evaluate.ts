import type { Chain } from '#schemas/chain.ts'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import { nearDuplicateMin, similarity } from '#schemas/identity/signature.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { DrawnRows } from './drawn-rows.ts'
import type { Failure } from './failure.ts'
import type { DrawnRow, JudgedSample, JudgeTerms, SampleJudge } from './judge-sample.ts'
import type { ListsInForce } from './lists-in-force.ts'
import { drawSeed } from './row-book/draw.ts'
import type { DrawnPlace, RowBook } from './row-book/row-book.ts'
import { checkAlike, checkStrangers, checkTotals } from './rows.ts'
import type { ReadClaim } from './take-claim.ts'

/** So many times more rows are drawn than are to be judged: what cannot be judged is made up for. */
const reserves = 3

export interface EvaluationParams {
  chain: Pick<Chain, 'block'>
  store: Pick<ObjectStore, 'get'>
  book: RowBook
  judge: Pick<SampleJudge, 'judge'>
  lists: JudgeTerms['lists'] & Pick<ListsInForce, 'refusal'>
  /** Hash of the block that seeds the draw (look.ts). */
  blockHash: string
  samplePages: number
  facts: Clock
  signal: AbortSignal
}

export interface Evaluation extends Omit<JudgedSample, 'failures'> {
  failures: readonly Failure[]
  /** That are claimed and not deleted. */
  rows: number
  /** Those that are paid for (`RowBook.earned`); none when anything failed. */
  rowsPaid: number
}

/** None of its pages is looked at. */
export const nothing = { rows: 0, rowsPaid: 0, pages: [], standing: 'judged', confirmed: 1 } as const

/**
 * Judges a claim that was taken in: all its rows by their lists, and some by what stands in the files and on the web. Those are drawn among the rows that are paid for,
 * so that no others dilute them.
 * @throws OrreryError `store_unavailable`, or the signal's reason: no fault of the miner's
 */
export async function evaluateClaim(hotkey: string, taken: ReadClaim, params: EvaluationParams): Promise<Evaluation> {
  const { book, judge, lists, samplePages, signal } = params
  if (taken.failures.length > 0 || taken.index === null) return { ...nothing, failures: taken.failures }
  const totals = await book.settle(hotkey)
  // Who fails by them is drawn of all the same: a list that no row is held against would keep others from what is in it.
  const failures = checkTotals(totals)
  const places = await book.draw(hotkey, drawSeed(params.blockHash, hotkey, taken.index), reserves * samplePages)
  const reading: Reading = { lies: [], strangers: [], alike: [], looked: 0 }
  const { failures: refuted, ...judged } = await judge.judge(hotkey, rowsOf(hotkey, places, reading, params), { wanted: samplePages, lists, signal })
  const found = [...failures, ...reading.lies, ...checkStrangers(reading.strangers, reading.looked), ...checkAlike(reading.alike, reading.looked), ...refuted]
  // Who lies of its rows was the first to show none of them.
  if (reading.lies.length > 0) await book.disown(hotkey)
  else if (found.length === 0 && judged.standing === 'judged') await book.passed(hotkey)
  return { ...judged, failures: found, rows: totals.rows, rowsPaid: found.length > 0 ? 0 : totals.counted }
}

/** What was found of the rows themselves. */
interface Reading {
  lies: Failure[]
  /** Rows that are of no job of that name, by its uri. */
  strangers: string[]
  /** Rows whose text is nearly that of another that was drawn, by its uri. */
  alike: string[]
  looked: number
}

/** Reads drawn rows, one at a time, as they are asked for; a row that is not what its list says ends it. */
async function* rowsOf(hotkey: string, places: readonly DrawnPlace[], reading: Reading, params: EvaluationParams): AsyncGenerator<DrawnRow> {
  const rows = new DrawnRows(hotkey, await params.book.files(hotkey), params)
  const signatures: Uint8Array[] = []
  const times = new Map<number, number | undefined>()
  for (const place of places) {
    const document = await rows.read(place, params.facts.now())
    if ('code' in document) {
      reading.lies.push(document)
      return
    }
    reading.looked++
    if (signatures.some((other) => similarity(other, document.minhash) >= nearDuplicateMin)) reading.alike.push(document.uri.slice(0, 200))
    signatures.push(document.minhash)
    const mismatch = params.lists.refusal(document, document.job_id)
    if (mismatch !== undefined) reading.strangers.push(`${document.uri.slice(0, 200)} (${mismatch})`)
    if (!times.has(place.block)) times.set(place.block, await timeOf(params.chain, place.block))
    yield { document, firstSeenAt: times.get(place.block) }
  }
}

async function timeOf(chain: Pick<Chain, 'block'>, block: number): Promise<number | undefined> {
  try {
    return (await chain.block(block)).timestamp
  } catch (error) {
    if (error instanceof OrreryError && error.code === 'not_found') return undefined
    throw error
  }
}
