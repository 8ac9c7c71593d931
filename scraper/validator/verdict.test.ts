import { afterEach, beforeEach, expect, test } from 'vitest'
import { networkOf } from '#infra/chain/network.ts'
import { verifyManifest } from '#infra/chain/signed-manifest.ts'
import { lineage } from '#schemas/lineage.ts'
import { job, openScene, type Scene } from '#test/adversary/scene.ts'

let scene: Scene
beforeEach(async () => {
  scene = await openScene()
})
afterEach(() => scene[Symbol.asyncDispose]())

const verdict = async () => (await scene.subnet.catalog.head(lineage.verdict(scene.validator.address, scene.miner.address)))?.manifest

test('what was judged is said, signed by the validator: block, index, its snapshots, and what was held against the web', async () => {
  await scene.mineHonestly(scene.miner, scene.rows(scene.miner, 60))
  const { block, miners } = await scene.validate()
  const snapshot = await scene.subnet.catalog.head(lineage.snapshot(scene.miner.address, job.id))
  const said = await verdict()
  expect(said).toMatchObject({
    hotkey: scene.validator.address,
    miner: scene.miner.address,
    block,
    index: miners[0]?.index,
    snapshots: [{ job_id: job.id, sha256: snapshot?.sha256 }],
    passed: true,
    failures: [],
    pages: { sampled: 20, same: 20, changed: 0, gone: 0, contradicted: 0, unfetchable: 0 },
    wrong_share_max: expect.closeTo(1 - 0.05 ** (1 / 20), 9),
  })
  expect(said?.pages.dated).toBeGreaterThan(0)
  expect(said?.pages.dated).toBeLessThan(20)
  expect(said && verifyManifest(said)).toBe(true)
  expect(said?.network).toEqual(await networkOf(scene.subnet.chain))
  const forged = said && { ...said, passed: false }
  expect(forged && verifyManifest(forged)).toBe(false)
})

test('a miner that fails is failed by the next, with each reason once', async () => {
  await scene.mineHonestly(scene.miner, scene.rows(scene.miner, 60))
  scene.web.clear()
  await scene.validate()
  expect(await verdict()).toMatchObject({ passed: false, failures: ['pages_lost'], pages: { sampled: 20, same: 0, gone: 20, dated: 0 } })
  await scene.subnet.chain.commit(scene.miner, new Uint8Array(3))
  await scene.validate()
  expect(await verdict()).toMatchObject({ passed: false, failures: ['commitment_malformed'], index: null, snapshots: [] })
})

test('while nobody can look at its pages nothing is said', async () => {
  await scene.mineHonestly(scene.miner, scene.rows(scene.miner, 60))
  await scene.validate(async () => ({ state: 'unfetchable', reason: 'timeout' }))
  expect(await verdict()).toBeUndefined()
  await scene.validate()
  expect(await verdict()).toMatchObject({ passed: true })
})
