import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { portThread } from '#infra/sqlite/port-thread.ts'
import { OrreryError } from '#schemas/errors.ts'
import { evaluateClaim, nothing } from './evaluate.ts'
import { ownStore } from './failure.ts'
import { openSampleJudge } from './judge-sample.ts'
import { listHistory } from './lists-in-force.ts'
import { drawBlock } from './look.ts'
import { drawSeed } from './row-book/draw.ts'
import { threadedRowBook } from './row-book/row-book.ts'
import { takeInAll, untilAllIsIn } from './take-in.ts'
import type { ValidatorParams } from './validator.ts'

export interface AuditParams extends Omit<ValidatorParams, 'signer' | 'settings' | 'folder' | 'answers' | 'weightsWaitMs'> {
  /** SS58 of the miner. */
  hotkey: string
  /** Of the look that is repeated. */
  block: number
  samplePages: number
  signal: AbortSignal
}

/**
 * Repeats what a validator did with a miner at a look, from what everybody can read: the claims of all miners at that block, the order in which they were committed as far
 * as the chain knows it, the draw, the drawn rows and their pages as they are now. Keeps nothing.
 * @throws OrreryError `not_found` for a block that the chain does not know any more, or a hotkey that was none there
 */
export async function auditMiner({ hotkey, block, samplePages, signal, ...params }: AuditParams) {
  const { chain, catalog, pace } = params
  const { neurons } = await chain.metagraph(block)
  if (!neurons.some((neuron) => neuron.hotkey === hotkey))
    throw new OrreryError('not_found', `${hotkey} was no neuron of the subnet at block ${block}; ask for a hotkey of its metagraph.`, { hotkey, block })
  const folder = await mkdtemp(join(tmpdir(), 'orrery-audit-'))
  await using stack = new AsyncDisposableStack()
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const thread = portThread(`the audit ${folder}`, pace)
  const book = stack.use(threadedRowBook(join(folder, 'found.sqlite'), thread))
  const judge = stack.use(openSampleJudge({ ...params, folder, thread }))
  const store = ownStore(params.store)
  const claim = (await takeInAll(neurons, { block }, { ...params, store, book, bounds: untilAllIsIn, signal })).get(hotkey)
  const drawn = await drawBlock(chain, { block }, signal)
  if (!claim || 'skipped' in claim)
    throw new OrreryError('store_unavailable', `The claim of ${hotkey} cannot be read (${claim?.skipped}); try again.`, { hotkey })
  const lists = await listHistory(catalog).read()
  const evaluation = { ...params, store, book, judge, lists, blockHash: drawn.hash, samplePages, signal }
  const found = claim.failures.length > 0 ? { ...nothing, failures: claim.failures } : await evaluateClaim(hotkey, claim, evaluation)
  return {
    hotkey,
    block,
    index: claim.index,
    draw_block: drawn.number,
    draw_seed: claim.index === null ? null : drawSeed(drawn.hash, hotkey, claim.index),
    rows: found.rows,
    rows_paid: found.rowsPaid,
    failures: found.failures,
    pages: found.pages,
  }
}
