import { join } from 'node:path'
import { expect, test } from 'vitest'
import { madeKey } from '#infra/chain/key-file.ts'
import { walletFiles, writeOnce } from '#infra/chain/wallet.ts'
import { temporaryFolder } from '../conformance/temporary-folder.ts'
import { writeSmallWeb } from '../upgrade/small-web.ts'
import { artefactsOf } from './artefacts.ts'
import { anyPorts, runProgram } from './program.ts'
import { toldSecrets } from './told-secrets.ts'

const frozen = ['--frozen-at', '2026-01-15T12:00:00Z', ...anyPorts]

const secretPhrase = 'bottom drive obey lake curtain smoke basket hold race lonely fit walk'
const secretSeed = 'fac7959dbfe72f052e5a0c3c8d6530f202b02fd8f9f5ca3580ec8deb7797479e'

/** Somebody's own hotkey for the first miner, with its words in its file; the others are made by the program. */
async function writeWallet(data: string): Promise<void> {
  const { hotkey, coldkeypub } = walletFiles(join(data, 'wallets'), 'miner-1')
  const { hotkeyFile, publicFile } = madeKey(Buffer.from(secretSeed, 'hex'), { secretPhrase })
  await writeOnce(hotkey, hotkeyFile)
  await writeOnce(coldkeypub, publicFile)
}

test('the same bytes the second time, and no secret of a hotkey anywhere but in its file', async () => {
  const folder = await temporaryFolder()
  const root = join(folder, 'web')
  await writeSmallWeb(root, 25)
  const set = [`site.root=${root}`, 'bridge.rows=2', 'bridge.sequence_tokens=64'].flatMap((setting) => ['--set', setting])
  const made = ['one', 'two'].map(async (name) => {
    const data = join(folder, name)
    await writeWallet(data)
    const { code, stdout, stderr } = await runProgram(['up', '--once', '--data', data, ...set, ...frozen])
    expect(code, stderr).toBe(0)
    expect(await toldSecrets(data, { stdout, stderr })).toEqual([])
    expect(await toldSecrets(data, { line: `seed 0x${secretSeed}` })).toEqual(['miner-1: secretSeed in hex in line'])
    return artefactsOf(data)
  })
  const [one, two] = await Promise.all(made)
  expect(two).toEqual(one)
  const names = Object.keys(one ?? {})
  expect([names.filter((name) => name.startsWith('plan/')).length, names.some((name) => name.startsWith('data/'))]).toEqual([1, true])
})
