import { expect, test } from 'vitest'
import { openScene } from '#test/adversary/scene.ts'
import { blockMs } from '#test/adversary/subnet.ts'
import { auditMiner } from './audit.ts'

const { signal } = new AbortController()

test('an audit repeats the draw of a look, from the chain and the store alone', async () => {
  await using scene = await openScene()
  const { subnet, miner, refetch } = scene
  await scene.mineHonestly(miner, scene.rows(miner, 200))
  const thief = await subnet.join('miner-2')
  subnet.pace.advance(blockMs)
  const { block, sampleBlock, miners } = await scene.validate()
  const audit = (hotkey: string) => auditMiner({ ...subnet, refetch, hotkey, block, samplePages: 20, signal })
  const found = await audit(miner.address)
  expect(found).toMatchObject({ block, draw_block: sampleBlock, index: miners[0]?.index, rows: 200, rows_paid: 200, failures: [] })
  expect(found.pages).toHaveLength(20)
  expect(await audit(miner.address)).toEqual(found)
  expect(await audit(thief.address)).toMatchObject({ index: null, draw_seed: null, failures: [{ code: 'no_commitment' }] })
  await expect(audit('5Nobody')).rejects.toMatchObject({ code: 'not_found' })
})
