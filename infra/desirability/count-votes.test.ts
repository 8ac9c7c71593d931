import fc from 'fast-check'
import { expect, test } from 'vitest'
import { jobId, type DesirabilityJob } from '#schemas/desirability.ts'
import { gravity, listInForce, ownJobs, votesOf, type Votes } from '#schemas/desirability-voices.ts'
import type { Vote } from '#schemas/preferences.ts'
import { countVotes, type VoterList } from './count-votes.ts'

const paramsOf = (label: string) => ({ keyword: null, platform: 'web' as const, label, post_start_datetime: null, post_end_datetime: null })
const webOf = (label: string) => ({ seeds: [`https://${label}.example/`], include: [`https://${label}.example/*`] })
const jobOf = (label: string, weight = 1): DesirabilityJob => ({ id: jobId(paramsOf(label), webOf(label)), weight, params: paramsOf(label), web: webOf(label) })
const vote = (label: string, weight: number, more: Partial<Vote> = {}): Vote => ({ id: label, weight, params: paramsOf(label), web: webOf(label), ...more })
const voter = (hotkey: string, stake: bigint, ...votes: Vote[]): VoterList => ({ hotkey, stake, votes, list: 'a'.repeat(64), block: 7, skipped: 0 })

const count = (lists: VoterList[], own: DesirabilityJob[] = [], more = {}) => countVotes(lists, { own, now: 0, mayAsk: () => true, ...more })
const weights = (own: DesirabilityJob[], votes: Votes) =>
  listInForce(own, votes).jobs.map(({ params, weight }) => [params.label, Math.round(weight * 1e9) / 1e9])

const bare = ({ web: _web, ...rest }: Vote): Vote => rest

test('the normalizer is that of Data Universe: one whole vote of all validators adds 250', () => {
  expect(gravity.normalizer).toBeCloseTo(0.0028, 15)
  expect(gravity.validatorShare / gravity.normalizer).toBeCloseTo(250, 9)
})

test('what votes add, by stake, to the default weight, at least one and at most five', async () => {
  const own = [jobOf('a'), jobOf('b', 0.2), jobOf('c', 2)]
  const lists = [
    voter('x', 3_000_000_000n, vote('a', 0.002), vote('d', 0.01), vote('e', 0.9)),
    voter('y', 1_000_000_000n, vote('c', 0.008), vote('d', 0.02), vote('f', 0.001)),
  ]
  // By hand: 0.7 × 3/4 × 0.002 ÷ 0.0028 = 0.375; 0.7 × 1/4 × 0.008 ÷ 0.0028 = 0.5; 1.875 + 1.25; 168.75; 0.0625.
  expect(weights(own, await count(lists, own))).toEqual([
    ['a', 1.375],
    ['b', 1],
    ['c', 2.5],
    ['e', 5],
    ['d', 3.125],
    ['f', 1],
  ])
})

test('a vote without a place is for the job of its params that is listed, by default or by another vote', async () => {
  const own = [jobOf('a')]
  const votes = await count([voter('x', 1n, bare(vote('a', 0.004)), bare(vote('b', 0.004)), bare(vote('nobody', 0.9))), voter('y', 1n, vote('b', 0.004))], own)
  expect(weights(own, votes)).toEqual([
    ['a', 1.5],
    ['b', 1],
  ])
  expect(votes.jobs.map(({ job, added }) => [job.params.label, Math.round(added * 1e9) / 1e9])).toEqual([
    ['a', 0.5],
    ['b', 1],
  ])
})

test('the same params on other pages are another job, and nobody takes the id of somebody else’s', async () => {
  const own = [jobOf('a')]
  const { jobs } = await count([voter('x', 1n, { ...vote('a', 0.5), id: own[0]?.id ?? '', web: webOf('evil') })], own)
  const [first] = jobs
  expect(first?.job.id).not.toBe(own[0]?.id)
  expect(first?.job.web).toEqual(webOf('evil'))
})

test('what is over, without stake, or not to be asked for is not counted; who votes for nothing takes no part', async () => {
  const over = vote('over', 0.5, { expires_at: '2026-01-01T00:00:00Z' })
  const at = (now: string) => count([voter('x', 1n, over)], [], { now: Date.parse(now) })
  expect((await at('2025-12-31T23:59:59Z')).jobs).toHaveLength(1)
  expect(await at('2026-01-01T00:00:00Z')).toMatchObject({ jobs: [], lists: [{ hotkey: 'x', votes: 0 }] })
  expect((await count([voter('x', 0n, vote('a', 1)), voter('y', 5n)])).jobs).toEqual([])
  const shy = await count([voter('x', 1n, vote('a', 0.004), vote('b', 0.004))], [jobOf('a')], { mayAsk: () => false })
  expect(shy.jobs.map(({ job }) => job.params.label)).toEqual(['a'])
})

const hundredOf = (label: string) => Array.from({ length: 100 }, (_, n) => `https://${label}.example/${n}/*`)

test('what only votes list is bounded in jobs and patterns, and who has most votes stays', async () => {
  const many = Array.from({ length: 1000 }, (_, n) => vote(`m${n}`, 0.0009 + n * 1e-9))
  const wide = Array.from({ length: 30 }, (_, n) => ({
    ...vote(`w${n}`, 0.003),
    web: { seeds: [], include: [...hundredOf(`w${n}`), `https://w${n}.example/*`] },
  }))
  const { jobs } = await count([voter('x', 2n, ...many), voter('y', 1n, ...wide)])
  expect(jobs.length).toBeLessThanOrEqual(gravity.votedJobsMax)
  expect(jobs.reduce((sum, { job }) => sum + job.web.include.length, 0)).toBeLessThanOrEqual(gravity.votedPatternsMax)
  const labels = jobs.map(({ job }) => job.params.label ?? '')
  // What is too large for what is left takes no room from what is not.
  expect([labels.filter((label) => label.startsWith('w')).length, labels.includes('m999'), labels.includes('m0')]).toEqual([19, true, false])
  // Nor are all of them held against the pages of one host, or of every host.
  for (const host of ['one.example', '*']) {
    const crowd = Array.from({ length: 30 }, (_, n) => ({
      ...vote(`c${n}`, 0.003),
      web: { seeds: [], include: Array.from({ length: 40 }, (_, at) => `https://${host}/${n}/${at}/*`) },
    }))
    const { jobs: crowded } = await count([voter('x', 1n, ...crowd, vote('other', 0.001))])
    expect(crowded.map(({ job }) => job.params.label).filter((label) => label !== 'other')).toHaveLength(gravity.votedHostPatternsMax / 40)
    expect(crowded).toHaveLength(gravity.votedHostPatternsMax / 40 + 1)
  }
})

test('a list can be taken apart again: default weights, votes, and what both make', async () => {
  const labels = ['a', 'b', 'c', 'd', 'e']
  const some = fc.subarray(labels)
  const weight = fc.double({ min: 1e-6, max: 5, noNaN: true })
  await fc.assert(
    fc.asyncProperty(
      some,
      fc.array(weight, { minLength: 5, maxLength: 5 }),
      some,
      fc.array(weight, { minLength: 5, maxLength: 5 }),
      async (listed, given, voted, shares) => {
        const own = listed.map((label, at) => jobOf(label, given[at] ?? 1))
        const lists = [voter('x', 3n, ...voted.map((label, at) => vote(label, (shares[at] ?? 1) / 25)))]
        const list = listInForce(own, await count(lists, own))
        expect(ownJobs(list)).toEqual(own)
        expect(listInForce(ownJobs(list), votesOf(list))).toEqual(list)
      },
    ),
  )
})
