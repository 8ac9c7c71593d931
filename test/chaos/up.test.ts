import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../conformance/temporary-folder.ts'
import { anyPorts, runProgram } from '../e2e/program.ts'
import { writeSmallWeb } from '../upgrade/small-web.ts'
import { killUp, seeded, sound, standing } from './killed-up.ts'

test('up, killed at four random moments, keeps no document twice, loses none it acknowledged, and settles no batch twice', async () => {
  const folder = await temporaryFolder()
  const [dataDir, root] = [join(folder, 'data'), join(folder, 'web')]
  await writeSmallWeb(root, 25)
  const set = [`site.root=${root}`, 'bridge.rows=2', 'bridge.sequence_tokens=64'].flatMap((setting) => ['--set', setting])
  const args = ['up', '--once', '--data', dataDir, ...set, ...anyPorts]
  const random = seeded(20_261_122)
  for (let kill = 0; kill < 4; kill++) expect(await killUp(args, dataDir, { random, withinMs: 2500 })).toEqual(sound)
  const { code, stderr } = await runProgram(args)
  expect(code, stderr).toBe(0)
  expect(await standing(dataDir)).toEqual(sound)
})
