import { expect, test } from 'vitest'
import { listen } from '#infra/net/server.ts'
import { lineage } from '#schemas/lineage.ts'
import { goldenDataset } from '#test/golden/bridge.ts'
import { openBridge, type Bridge } from '../service.ts'
import { batches, before, isBlock, scene } from './scene.fixture.ts'
import { trainNode } from './train.ts'

const never = new AbortController().signal

test('a node outlives its feed: the feed may go and come back at the same address', async () => {
  await using stage = await scene()
  const { house, leaving, port } = stage
  let acks = 0
  const reopened = Promise.withResolvers<Bridge>()
  const reopen = async (): Promise<Bridge> => {
    await stage.bridge.close()
    const bridge = await openBridge(house)
    await listen(bridge.app, { host: '127.0.0.1', port, setting: 'bridge.port' })
    return bridge
  }
  const node = stage.train(
    before(/acks$/, () => {
      if (++acks === 4) reopen().then(reopened.resolve, reopened.reject)
    }),
  )
  await using bridge = await reopened.promise
  expect((await bridge.runEpoch(never)).epoch?.summary.states['settled']).toBe(batches)
  leaving.abort()
  await node
})

test('a block that does not have its hash is fetched again', async () => {
  await using stage = await scene()
  let spoilt = 0
  const node = stage.train(async (input, init) => {
    const answer = await globalThis.fetch(input, init)
    if (!isBlock.test(String(input)) || spoilt++ > 0) return answer
    const bytes = new Uint8Array(await answer.arrayBuffer())
    bytes[0]! ^= 1
    return new Response(bytes, answer)
  })
  expect((await stage.bridge.runEpoch(never)).epoch?.summary.states['settled']).toBe(batches)
  stage.leaving.abort()
  await node
  expect(spoilt).toBeGreaterThan(batches)
})

test('a node that is sent away gives back what it holds', async () => {
  await using stage = await scene()
  const report = await stage.train(before(isBlock, () => stage.leaving.abort()))
  expect(report).toMatchObject({ batches: 0, returned: 1 })
  expect(await stage.states()).toMatchObject({ nacked: 1, leased: 0, settled: 0 })
})

test('a batch that takes long keeps its lease', async () => {
  await using stage = await scene(0.6)
  let renewed: () => void
  const firstRenewal = new Promise<void>((resolve) => (renewed = resolve))
  const answers: Promise<Response>[] = []
  const node = stage.train(async (input, init) => {
    const path = new URL(String(input)).pathname
    if (isBlock.test(path)) await firstRenewal
    const answer = globalThis.fetch(input, init)
    if (path.endsWith('/renew')) {
      answers.push(answer)
      await answer
      renewed()
    }
    return answer
  })
  expect((await stage.bridge.runEpoch(never)).epoch?.summary.states['settled']).toBe(batches)
  stage.leaving.abort()
  await node
  expect((await answers[0])?.status).toBe(200)
})

test('a batch whose epoch was closed meanwhile is dropped without a word', async () => {
  await using stage = await scene()
  const planId = (await stage.house.catalog.head(lineage.plan(goldenDataset)))?.sha256 ?? ''
  let leases = 0
  const paths: string[] = []
  const report = await stage.train(
    before(/./, async (path) => {
      paths.push(path)
      if (isBlock.test(path)) await stage.house.ledger.close(planId, 0)
      if (path.endsWith('/leases') && ++leases === 2) stage.leaving.abort()
    }),
  )
  expect(report).toMatchObject({ batches: 0, returned: 1 })
  expect(paths).not.toContain('/v1/nacks')
  expect(await stage.states()).toMatchObject({ void: batches, settled: 0 })
})

test('a feed that refuses the node for good ends it with the reason', async () => {
  await using stage = await scene()
  const { origin, house, leaving } = stage
  const node = trainNode({ origin, node: 'not a name', fetch: globalThis.fetch, pace: house.pace, telemetry: house.telemetry, signal: leaving.signal })
  await expect(node).rejects.toMatchObject({ code: 'invalid_argument', message: expect.stringContaining('/node') })
})
