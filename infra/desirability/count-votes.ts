import { setImmediate as nextTurn } from 'node:timers/promises'
import { contentAddress } from '#schemas/canonical-json.ts'
import { compareText } from '#schemas/compare-text.ts'
import { jobIdentity, type DesirabilityJob } from '#schemas/desirability.ts'
import { gravity, type VotedJob, type Votes } from '#schemas/desirability-voices.ts'
import { hostOfPattern } from '#schemas/page-pattern.ts'
import { votedJob, type Vote } from '#schemas/preferences.ts'

/** What one validator wants. */
export interface VoterList {
  hotkey: string
  /** Content address of its list, and the block in which it was committed. */
  list: string
  block: number
  /** rao */
  stake: bigint
  votes: readonly Vote[]
  /** Of its list, what is no vote. */
  skipped: number
}

interface Known {
  /** The default list. */
  own: readonly DesirabilityJob[]
  /** ms since epoch: what expired before is not counted. */
  now: number
  /** Whether this node may seek a job that only validators want. */
  mayAsk(job: Pick<DesirabilityJob, 'web'>): boolean
}

/**
 * What the votes add to the weight of each job, in Data Universe's terms (calculate_total_weights): 70 % of the votes are the validators', split among those that
 * vote by their stake, and a job has Σ 0.7 × stake share × weight ÷ normalizer, normalizer = 0.3 ÷ (250 ÷ 0.7 × 0.3), until it has five.
 * A vote without `web` is for the jobs of its params that others list; one for a job nobody lists is not counted.
 */
export async function countVotes(lists: readonly VoterList[], { own, now, mayAsk }: Known): Promise<Votes> {
  const ranked = lists
    .map((list) => ({ ...list, votes: list.votes.filter(({ expires_at }) => expires_at === undefined || Date.parse(expires_at) > now) }))
    .toSorted((a, b) => (a.stake === b.stake ? compareText(a.hotkey, b.hotkey) : a.stake > b.stake ? -1 : 1))
  const voters = ranked.filter(({ votes, stake }) => votes.length > 0 && stake > 0n)
  const total = voters.reduce((sum, { stake }) => sum + Number(stake), 0)
  const found = await knownJobs(own, voters)
  const added = new Map<string, VotedJob>()
  for (const { votes, stake } of voters) {
    await nextTurn()
    const share = gravity.validatorShare * (Number(stake) / total)
    for (const vote of votes) {
      const job = found(vote)
      if (!job) continue
      const before = added.get(job.id)?.added ?? 0
      added.set(job.id, { job, added: Math.min(gravity.weightMax, before + (share * vote.weight) / gravity.normalizer) })
    }
  }
  const isOwn = new Set(own.map(({ id }) => id))
  return {
    jobs: withinBounds(
      [...added.values()].filter(({ job }) => isOwn.has(job.id) || mayAsk(job)),
      isOwn,
    ),
    // Also those that say nothing, or nothing any more: they need not be read again.
    lists: ranked.map(({ hotkey, list, block, stake, votes, skipped }) => ({ hotkey, list, block, stake: String(stake), votes: votes.length, skipped })),
  }
}

type FoundJob = VotedJob['job']

/** Finds the job that a vote is for: one of the default list, or one that some vote brings with its place. */
async function knownJobs(own: readonly DesirabilityJob[], voters: readonly VoterList[]): Promise<(vote: Vote) => FoundJob | undefined> {
  const byIdentity = new Map<string, FoundJob>()
  const byParams = new Map<string, FoundJob>()
  const know = (job: FoundJob) => {
    const identity = jobIdentity(job)
    if (!byIdentity.has(identity)) byIdentity.set(identity, job)
    const params = contentAddress(job.params)
    if (!byParams.has(params)) byParams.set(params, job)
  }
  own.forEach(know)
  for (const { votes } of voters) {
    // A list may have a thousand of them.
    await nextTurn()
    for (const { web, ...vote } of votes) if (web) know(votedJob({ ...vote, web }))
  }
  return ({ params, web }) => (web ? byIdentity.get(jobIdentity({ params, web })) : byParams.get(contentAddress(params)))
}

/** Of what is listed for the votes alone, what has most of them. */
function withinBounds(jobs: readonly VotedJob[], isOwn: ReadonlySet<string>): VotedJob[] {
  const [own, others] = [jobs.filter(({ job }) => isOwn.has(job.id)), jobs.filter(({ job }) => !isOwn.has(job.id))]
  const ranked = others.toSorted((a, b) => b.added - a.added || compareText(a.job.id, b.job.id)).slice(0, gravity.votedJobsMax)
  let patterns = 0
  const byHost = new Map<string | undefined, number>()
  const kept = ranked.filter(({ job: { web } }) => {
    const hosts = [...web.include, ...(web.exclude ?? [])].map(hostOfPattern)
    const more = new Map<string | undefined, number>()
    for (const host of hosts) more.set(host, (more.get(host) ?? byHost.get(host) ?? 0) + 1)
    const isMuch = patterns + hosts.length > gravity.votedPatternsMax || [...more.values()].some((count) => count > gravity.votedHostPatternsMax)
    if (isMuch) return false
    patterns += hosts.length
    for (const [host, count] of more) byHost.set(host, count)
    return true
  })
  return [...own, ...kept]
}
