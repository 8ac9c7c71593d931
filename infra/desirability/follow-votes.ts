import { isDeepStrictEqual } from 'node:util'
import type { Catalog } from '#schemas/catalog.ts'
import type { Chain, Metagraph } from '#schemas/chain.ts'
import { listInForce, ownJobs, votesOf, type Votes } from '#schemas/desirability-voices.ts'
import { OrreryError } from '#schemas/errors.ts'
import { lineage } from '#schemas/lineage.ts'
import type { DesirabilityManifest } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { networkOf } from '../chain/network.ts'
import { needsContact } from '../net/contact.ts'
import { countVotes, type VoterList } from './count-votes.ts'
import { isStored, listOf, readPreferences } from './preferences.ts'

export interface VotesParts {
  catalog: Catalog
  chain: Pick<Chain, 'metagraph' | 'block'>
  store: Pick<ObjectStore, 'get' | 'head'>
  telemetry: Telemetry
  /** Miners say who they are, and may be sent to the public web. */
  hasContact: boolean
  /** Tells what expired. */
  now: number
}

/** Shares of stake and votes that moved less, as parts of what they were, make no other list: stakes move with every block. */
const partMoved = 0.01
const triesMax = 20

/**
 * Brings the desirability list up to the lists that validators have on the chain. While none of them changed it costs a metagraph. What cannot be read, of chain, store or
 * one validator, is an event: the list stays as it is, or counts the others.
 */
export async function followVotes(parts: VotesParts): Promise<void> {
  const { catalog, telemetry } = parts
  try {
    for (let tries = 1; ; tries++) {
      const head = await catalog.head(lineage.desirability)
      const next = head && (await withVotes(parts, head.manifest))
      if (!next) return
      const manifest: DesirabilityManifest = { kind: 'desirability', parent: head.sha256, ...next, evidence: [], caused_by: null }
      if (await isCommitted(catalog.commit(lineage.desirability, head.sha256, manifest), tries)) {
        telemetry.event('desirability.voted', { lists: next.voices?.lists ?? [], jobs: next.jobs.length })
        return
      }
    }
  } catch (error) {
    if (!(error instanceof OrreryError)) throw error
    telemetry.event('desirability.votes_unread', { reason: error.message })
  }
}

/** The list with the votes as they are now; undefined: as it is. */
async function withVotes(parts: VotesParts, manifest: DesirabilityManifest) {
  const graph = await parts.chain.metagraph()
  const [own, known] = [ownJobs(manifest), votesOf(manifest)]
  const found = await present(voters(graph), known, parts)
  if (isUnmoved(found, known, parts.now)) return undefined
  const lists = await readLists(parts, found)
  const votes = await countVotes(lists, { own, now: parts.now, mayAsk: mayAsk(parts) })
  if (isAlike(votes, known)) return undefined
  const next = listInForce(own, votes)
  return next.jobs.length === 0 ? undefined : next
}

const mayAsk =
  ({ hasContact }: Pick<VotesParts, 'hasContact'>) =>
  ({ web }: { web: { seeds: readonly string[] } }) =>
    hasContact || !web.seeds.some((seed) => needsContact(seed, () => false))

/** Validators that have a list. */
const voters = ({ neurons }: Pick<Metagraph, 'neurons'>) =>
  neurons.flatMap((neuron) => {
    const standing = neuron.validatorPermit && neuron.stake > 0n ? listOf(neuron) : undefined
    return standing ? { neuron, standing } : []
  })

type Found = ReturnType<typeof voters>

/** Those whose list was looked at, or can be. What is not there yet may come. */
async function present(found: Found, { lists }: Votes, { store, telemetry }: Pick<VotesParts, 'store' | 'telemetry'>): Promise<Found> {
  const known = new Map(lists.map(({ hotkey, list }) => [hotkey, list]))
  const there: Found = []
  for (const each of found) {
    const { hotkey } = each.neuron
    const { list } = each.standing
    if (known.get(hotkey) === list || (await isStored(store, hotkey, list))) there.push(each)
    else telemetry.event('desirability.list_unread', { hotkey, list, reason: 'missing' })
  }
  return there
}

/** Whether the same lists were counted, by about the same shares, and none of the jobs they brought is over. */
function isUnmoved(found: Found, { lists, jobs }: Votes, now: number): boolean {
  if (jobs.some(({ job }) => job.expires_at !== undefined && Date.parse(job.expires_at) <= now)) return false
  const total = found.reduce((sum, { neuron }) => sum + Number(neuron.stake), 0)
  const before = lists.reduce((sum, { stake }) => sum + Number(stake), 0)
  const known = new Map(lists.map((each) => [each.hotkey, each]))
  if (found.length !== known.size) return false
  return found.every(({ neuron: { hotkey, stake }, standing }) => {
    const counted = known.get(hotkey)
    return counted?.list === standing.list && isAbout(Number(stake) / total, Number(counted.stake) / before)
  })
}

/** The lists of votes, without what moves with every block. */
const said = ({ lists }: Votes) => lists.map(({ hotkey, list, votes, skipped }) => [hotkey, list, votes, skipped])

/** Whether the same lists say about the same. */
function isAlike(votes: Votes, known: Votes): boolean {
  const before = new Map(known.jobs.map(({ job, added }) => [job.id, added]))
  const isSame = votes.jobs.length === before.size && votes.jobs.every(({ job, added }) => isAbout(added, before.get(job.id) ?? 0))
  return isSame && isDeepStrictEqual(said(votes), said(known))
}

const isAbout = (now: number, before: number): boolean => Math.abs(now - before) <= partMoved * before

/** What cannot be read as a list says nothing, for good: its bytes are named by their hash. */
async function readLists({ chain, store, telemetry }: VotesParts, found: Found): Promise<VoterList[]> {
  const network = await networkOf(chain)
  const lists: VoterList[] = []
  for (const { neuron, standing } of found) {
    const read = await readPreferences(store, neuron, standing, network)
    if (typeof read !== 'string') lists.push(read)
    else {
      telemetry.event('desirability.list_unread', { hotkey: neuron.hotkey, list: standing.list, reason: read })
      if (read !== 'missing') lists.push({ hotkey: neuron.hotkey, stake: neuron.stake, ...standing, votes: [], skipped: 0 })
    }
  }
  return lists
}

async function isCommitted(commit: Promise<unknown>, tries: number): Promise<boolean> {
  try {
    await commit
    return true
  } catch (error) {
    if (tries >= triesMax || !(error instanceof OrreryError && error.code === 'conflict')) throw error
    return false
  }
}
