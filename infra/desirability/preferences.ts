import { setImmediate as nextTurn } from 'node:timers/promises'
import { canonicalJson, contentAddress, sha256Hex } from '#schemas/canonical-json.ts'
import type { Chain, Neuron, Signer } from '#schemas/chain.ts'
import { gravity } from '#schemas/desirability-voices.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Network } from '#schemas/network.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { isWholeVote, patternsIn, Preferences, Vote, votesPerTurn } from '#schemas/preferences.ts'
import { anchor, readAnchored } from '../chain/anchor.ts'
import { networkOf } from '../chain/network.ts'
import { signManifest, verifyManifest } from '../chain/signed-manifest.ts'
import type { VoterList } from './count-votes.ts'

const folderOf = (hotkey: string): string => `preferences/hotkey=${hotkey}/`
const keyOf = (hotkey: string, sha256: string): string => `${folderOf(hotkey)}${sha256}.json`

interface PublishParts {
  chain: Chain
  store: ObjectStore
  signer: Signer
}

/** A list that stands on the chain. */
export interface Published {
  list: string
  block: number
}

/**
 * Puts a validator's list into the store and commits its content address. Its lists of before the last one are deleted.
 * @throws OrreryError `rate_limited` within twenty minutes (by the chain's time) of the last one; `too_large`; what store and chain refuse
 */
export async function publishPreferences({ chain, store, signer }: PublishParts, votes: readonly Vote[]): Promise<Published> {
  const hotkey = signer.address
  const manifest = signManifest({ kind: 'preferences' as const, hotkey, jobs: votes }, signer, await networkOf(chain))
  const [list, bytes] = [contentAddress(manifest), Buffer.from(canonicalJson(manifest))]
  if (bytes.length > gravity.listBytesMax)
    throw new OrreryError('too_large', `The list has ${bytes.length} bytes, and ${gravity.listBytesMax} are taken; name fewer seeds and jobs.`)
  const standing = listOf((await chain.metagraph()).neurons.find((neuron) => neuron.hotkey === hotkey))
  if (standing && standing.list !== list) await requireRest(chain, standing)
  // What no chain took goes as well.
  const kept = new Set([list, standing?.list].flatMap((sha256) => (sha256 === undefined ? [] : [keyOf(hotkey, sha256)])))
  for await (const { key } of store.list(folderOf(hotkey))) if (!kept.has(key)) await store.delete(key)
  // Also of a list that stands: the store may have lost it.
  await store.put(keyOf(hotkey, list), bytes)
  const block = await anchor(chain, signer, { kind: 'list', sha256: list })
  return { list, block }
}

async function requireRest(chain: Chain, { block }: Published): Promise<void> {
  const [now, then] = await Promise.all([chain.block(), chain.block(block).catch(ifForgotten)])
  const restMs = then === undefined ? 0 : then.timestamp + gravity.commitEveryMs - now.timestamp
  if (restMs <= 0) return
  const seconds = Math.ceil(restMs / 1000)
  const message = `The list of this hotkey was committed in block ${block}, and another is taken every ${gravity.commitEveryMs / 60_000} minutes; come again in ${seconds} seconds.`
  throw new OrreryError('rate_limited', message, { block, retry_after_seconds: seconds })
}

/** A block that is forgotten is old. */
function ifForgotten(error: unknown): undefined {
  if (!(error instanceof OrreryError && error.code === 'not_found')) throw error
}

/** The list a neuron's commitment names. */
export function listOf(neuron: Pick<Neuron, 'commitment' | 'commitmentBlock'> | undefined): Published | undefined {
  const { list } = neuron?.commitment ? readAnchored(neuron.commitment) : {}
  return neuron && list !== undefined ? { list, block: neuron.commitmentBlock } : undefined
}

/** @throws OrreryError `store_unavailable` */
export const isStored = async (store: Pick<ObjectStore, 'head'>, hotkey: string, list: string): Promise<boolean> =>
  (await store.head(keyOf(hotkey, list))) !== undefined

export type Unread = 'missing' | 'too_large' | 'hash' | 'malformed' | 'hotkey' | 'signature'

/** The list of one validator, as far as it is one. @throws OrreryError `store_unavailable` */
export async function readPreferences(
  store: Pick<ObjectStore, 'get' | 'head'>,
  { hotkey, stake }: Pick<Neuron, 'hotkey' | 'stake'>,
  { list, block }: Published,
  network: Network,
): Promise<VoterList | Unread> {
  const key = keyOf(hotkey, list)
  const found = await store.head(key)
  if (!found) return 'missing'
  if (found.bytes > gravity.listBytesMax) return 'too_large'
  const bytes = await store.get(key)
  if (sha256Hex(bytes) !== list) return 'hash'
  const preferences = parse(bytes)
  if (!preferences) return 'malformed'
  if (preferences.hotkey !== hotkey) return 'hotkey'
  if (!verifyManifest(preferences, network)) return 'signature'
  return { hotkey, list, block, stake, ...(await votesIn(preferences)) }
}

function parse(bytes: Uint8Array): Preferences | undefined {
  try {
    return Preferences.safeParse(JSON.parse(Buffer.from(bytes).toString('utf8'))).data
  } catch {
    return undefined
  }
}

/** The votes of a list that are such, and how many are not, or are more than its patterns may be; none at all of a list that has more than one whole vote to give. */
async function votesIn({ jobs }: Preferences): Promise<Pick<VoterList, 'votes' | 'skipped'>> {
  const votes: Vote[] = []
  let patterns = 0
  for (const [at, job] of jobs.entries()) {
    if (at % votesPerTurn === 0) await nextTurn()
    patterns += patternsIn(job)
    const vote = patterns > gravity.listPatternsMax ? undefined : Vote.safeParse(job).data
    if (vote) votes.push(vote)
  }
  return isWholeVote(votes) ? { votes, skipped: jobs.length - votes.length } : { votes: [], skipped: jobs.length }
}
