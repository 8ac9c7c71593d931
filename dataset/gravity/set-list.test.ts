import { join } from 'node:path'
import { expect, test } from 'vitest'
import { localChain } from '#infra/chain/local.ts'
import { castingVotes } from '#infra/desirability/cast-votes.ts'
import { followVotes } from '#infra/desirability/follow-votes.ts'
import { jobId } from '#schemas/desirability.ts'
import { lineage } from '#schemas/lineage.ts'
import { shardWorld } from '#test/golden/shards.ts'
import { manualClock } from '#test/manual-clock.ts'
import { openDatasetQuery } from '../query/open-dataset-query.ts'
import { datasetServer } from '../api/server.ts'

const params = { keyword: null, platform: 'web' as const, label: 'docs', post_start_datetime: null, post_end_datetime: null }
const web = { seeds: ['https://docs.example/'], include: ['https://docs.example/*'] }

test('a list is voted with through the API by a key that may, checked as that of a file is, and counted', async () => {
  await using stack = new AsyncDisposableStack()
  const clock = manualClock(Date.UTC(2026, 0, 5))
  const world = stack.use(await shardWorld({ clock, origin: () => 'http://127.0.0.1:1' }))
  const { catalog, store, access } = world
  const chain = stack.use(localChain(join(world.dir, 'chain.sqlite'), { clock, netuid: 13, faucet: true, stakeThreshold: 100n }))
  const signer = await world.signer('validator')
  const query = stack.use(openDatasetQuery({ ...world, folder: world.queryFolder, clock }))
  const castVotes = castingVotes({ chain, store, validator: async () => ({ signer }) })
  const app = stack.use(await datasetServer({ ...world, query, castVotes, access: { ...access, requireKey: 'always' } }))
  const wish = { name: 'k', requestsPerMinute: null, bytesPerDay: null, expiresAt: null }
  const [reader, tasker] = [await access.keys.create({ ...wish, scopes: ['read'] }), await access.keys.create({ ...wish, scopes: ['tasks'] })]
  const set = async (list: unknown, { secret } = tasker) => {
    const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' }
    const answer = await app.inject({ method: 'POST', url: '/dynamic-desirability/validator/set-list', payload: JSON.stringify(list), headers })
    return { status: answer.statusCode, body: answer.json() }
  }
  await catalog.commit(lineage.desirability, undefined, {
    kind: 'desirability',
    parent: null,
    jobs: [{ id: jobId(params, web), weight: 1.25, params, web }],
    evidence: [],
    caused_by: null,
  })
  const list = [{ id: 'x', weight: 0.004, params: { platform: 'web', label: 'Docs' } }]
  expect((await set(list, reader)).status).toBe(403)
  expect((await set({})).status).toBe(400)
  expect((await set(list)).body.error).toMatchObject({ code: 'chain_refused', details: { reason: 'AccountNotAllowedCommit' } })
  await chain.faucet(signer, 5_000_000_000n)
  await chain.register(signer, signer.address)
  const bad = await set([...list, { ...list[0], web: { ...web, include: ['https://a.example/('] } }])
  expect([bad.status, bad.body.error.message]).toEqual([
    400,
    expect.stringMatching(/^the list: \[1\]\.web\.include\[0\] = .* is refused: no URL pattern; write one/),
  ])
  // Two at a time: one stands, and the other comes too early.
  const [one, other] = await Promise.all([set(list), set([{ ...list[0], weight: 0.1 }])])
  expect(one).toEqual({ status: 200, body: { hotkey: signer.address, list: expect.stringMatching(/^[0-9a-f]{64}$/), block: 1, jobs: 1, counts: true } })
  expect([other.status, other.body.error.code]).toEqual([429, 'rate_limited'])
  await followVotes({ catalog, chain, store, telemetry: world.telemetry, hasContact: true, now: clock.now() })
  expect((await catalog.head(lineage.desirability))?.manifest.jobs).toMatchObject([{ weight: expect.closeTo(2.25, 9) }])
})
