import { readForeignFile } from '#infra/corpus/read-data-file.ts'
import { stackOf } from '#infra/telemetry/stack-of.ts'
import type { Chain } from '#schemas/chain.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { RefusedRow } from '#schemas/parquet/decode.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { readClaim, type Claim } from './claim.ts'
import { failure, type Failure } from './failure.ts'
import type { FoundFiles } from './found-files.ts'
import { fetchOf } from './rows.ts'

/** Two miners may both have fetched a page in the same millisecond; hardly a tenth of all of them. */
const copiedShareMax = 0.1
/** Former claims of one miner looked into to find out who had the rows first. */
const claimsMax = 50

interface CopySearch {
  found: FoundFiles
  chain: Pick<Chain, 'metagraph'>
  store: Pick<ObjectStore, 'get' | 'head'>
  telemetry: Telemetry
  signal: AbortSignal
}

/**
 * Finds miners that show the same fetches (same page, bytes and millisecond): one of them copied. Who claimed one of them in the earlier block, by the chain, keeps
 * them; the other fails. Where the chain cannot tell, both fail: hotkeys that share one crawl are a cluster of copies. While the store does not answer, nobody is
 * charged.
 * @param rows how many rows each miner shows, by hotkey
 * @returns failures by hotkey
 */
export async function findCopies(rows: ReadonlyMap<string, number>, { found, telemetry, ...search }: CopySearch): Promise<Map<string, Failure>> {
  const failures = new Map<string, Failure>()
  for (const { a, b, rows: shared } of await found.shared()) {
    const fewer = Math.min(rows.get(a.hotkey) ?? 0, rows.get(b.hotkey) ?? 0)
    if (fewer === 0 || shared <= fewer * copiedShareMax) continue
    // Who is caught already needs no second proof, and a cluster of copies not one for each of its pairs.
    if (failures.has(a.hotkey) && failures.has(b.hotkey)) continue
    try {
      const [firstOfA, firstOfB] = [await firstBlock(a, { found, ...search }), await firstBlock(b, { found, ...search })]
      if (firstOfA >= firstOfB) failures.set(a.hotkey, copied(shared, b.hotkey))
      if (firstOfB >= firstOfA) failures.set(b.hotkey, copied(shared, a.hotkey))
    } catch (error) {
      search.signal.throwIfAborted()
      telemetry.event('validator.copies_skipped', { miners: [a.hotkey, b.hotkey], error: stackOf(error) })
    }
  }
  return failures
}

const copied = (rows: number, from: string): Failure => failure('copied_rows', `${rows} rows are fetches of ${from}`)

/**
 * The block in which the miner first claimed something that others show too. It is known since when this validator saw it; what it claimed before that is walked
 * back, claim by claim, as far as the chain and the store know them.
 */
async function firstBlock({ hotkey, block }: { hotkey: string; block: number }, search: Omit<CopySearch, 'telemetry'>): Promise<number> {
  let first = block
  for (let left = claimsMax; left > 0 && first > 0; left--) {
    const former = await claimBefore(hotkey, first, search)
    if (!former || !(await holdsShared(former, search))) break
    first = former.block
  }
  if (first < block) await search.found.showedBy(hotkey, first)
  return first
}

async function claimBefore(hotkey: string, block: number, { chain, store }: Pick<CopySearch, 'chain' | 'store'>): Promise<Claim | undefined> {
  const graph = await chain.metagraph(block - 1).catch((error: unknown) => {
    if (error instanceof OrreryError && (error.code === 'not_found' || error.code === 'invalid_argument')) return undefined
    throw error
  })
  const neuron = graph?.neurons.find((each) => each.hotkey === hotkey)
  return neuron && readClaim(neuron, store)
}

async function holdsShared({ files }: Claim, { found, store, signal }: Pick<CopySearch, 'found' | 'store' | 'signal'>): Promise<boolean> {
  for (const listed of files) {
    try {
      for await (const batch of readForeignFile(store, listed, { signal, columns: ['fetched_at', 'html_sha256', 'uri'] })) {
        const fetches = batch.flatMap((row) => (row instanceof RefusedRow ? [] : [fetchOf(row.document)]))
        if ((await found.areShared(fetches)).includes(true)) return true
      }
    } catch (error) {
      // A file that is gone, or cannot be read, proves nothing.
      if (!(error instanceof OrreryError) || error.retryable) throw error
    }
  }
  return false
}
