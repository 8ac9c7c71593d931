import { expect, test } from 'vitest'
import { temporaryFolder } from '../conformance/temporary-folder.ts'
import { anyPorts, runProgram } from '../e2e/program.ts'
import { killUp, seeded, sound, standing } from './killed-up.ts'

test('up, killed at four random moments, keeps no document twice, loses none it acknowledged, and settles no batch twice', async () => {
  const dataDir = await temporaryFolder()
  const args = ['up', '--once', '--data', dataDir, ...anyPorts]
  const random = seeded(20_261_122)
  for (let kill = 0; kill < 4; kill++) expect(await killUp(args, dataDir, { random, withinMs: 4000 })).toEqual(sound)
  const { code, stderr } = await runProgram(args)
  expect(code, stderr).toBe(0)
  expect(await standing(dataDir)).toEqual(sound)
})
