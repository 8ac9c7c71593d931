import { afterEach, beforeEach, expect, test } from 'vitest'
import { publishPreferences } from '#infra/desirability/preferences.ts'
import { lineage } from '#schemas/lineage.ts'
import { job, openScene, type Scene } from '#test/adversary/scene.ts'

let scene: Scene
beforeEach(async () => {
  scene = await openScene()
})
afterEach(() => scene[Symbol.asyncDispose]())

test('a cycle goes by the lists that validators have on the chain, and a miner that brings what was sought before passes', async () => {
  const { subnet, validator, miner } = scene
  await scene.mineHonestly(miner, scene.rows(miner, 40))
  const params = { ...job.params, label: 'voted' }
  const web = { seeds: ['https://voted.example/'], include: ['https://voted.example/*'] }
  const votes = [
    { id: 'own', weight: 0.004, params: job.params },
    { id: 'new', weight: 0.01, params, web },
  ]
  await publishPreferences({ ...subnet, signer: validator }, votes)
  expect((await scene.validate()).miners).toMatchObject([{ hotkey: miner.address, passed: true }])
  const list = await subnet.catalog.head(lineage.desirability)
  expect(list?.manifest.jobs.map(({ id, params: { label }, weight }) => [id === job.id, label, weight])).toEqual([
    [true, job.params.label, expect.closeTo(job.weight + 1, 9)],
    [false, 'voted', expect.closeTo(2.5, 9)],
  ])
  expect(subnet.events.filter(({ name }) => name === 'desirability.voted')).toHaveLength(1)
  await scene.validate()
  expect(subnet.events.filter(({ name }) => name === 'desirability.voted')).toHaveLength(1)
})
