import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { oneProcess } from '#test/e2e/one-process.ts'
import { hotkeySigner } from './key-file.ts'

const phrase = 'bottom drive obey lake curtain smoke basket hold race lonely fit walk'
const address = '5DfhGyQdFobKM8NsWvEeAKk5EQQgYe9AydgJ7rMB6E1EqRzV'
const seed = 'fac7959dbfe72f052e5a0c3c8d6530f202b02fd8f9f5ca3580ec8deb7797479e'
const coldkey = '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY'

let folder: string
beforeEach(async () => void (folder = await temporaryFolder()))

async function wallet(name: string) {
  const program = oneProcess()
  const data = join(folder, name)
  return {
    data,
    file: (path: string) => readFile(join(data, 'wallets', path), 'utf8'),
    mode: async (path: string) => (await stat(join(data, 'wallets', path))).mode & 0o777,
    run: (...args: string[]) => program.run(['wallet', ...args, '--data', data]),
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  }
}

test('new makes a hotkey of words that is told to nobody, for the owner’s eyes only, and never in place of another', async () => {
  await using at = await wallet('new')
  const made = await at.run('new', 'miner-1', '--coldkey', coldkey)
  const contents = await at.file('miner-1/hotkeys/default')
  const { secretPhrase = '', secretSeed = '', ss58Address } = JSON.parse(contents) as Record<string, string>
  expect(secretPhrase.split(' ')).toHaveLength(12)
  expect((await hotkeySigner(JSON.stringify({ secretPhrase }), 'f')).address).toBe(ss58Address)
  expect([made.code, made.stdout.includes(String(ss58Address)), made.stdout.includes(coldkey)]).toEqual([0, true, true])
  expect(JSON.parse(await at.file('miner-1/coldkeypub.txt'))).toMatchObject({ ss58Address: coldkey })
  const modes = await Promise.all(['', 'miner-1', 'miner-1/hotkeys', 'miner-1/hotkeys/default', 'miner-1/coldkeypub.txt'].map(at.mode))
  expect(modes).toEqual([0o700, 0o700, 0o700, 0o600, 0o600])
  const again = await at.run('new', 'miner-1')
  expect([again.code, again.stderr, await at.file('miner-1/hotkeys/default')]).toEqual([1, expect.stringContaining('nothing is overwritten'), contents])
  const listed = await at.run('show')
  const one = await at.run('show', 'miner-1')
  for (const { stdout, stderr } of [made, again, listed, one]) {
    expect(stdout + stderr).not.toContain(secretPhrase.split(' ').slice(0, 3).join(' '))
    expect(stdout + stderr).not.toContain(secretSeed.slice(2, 34))
  }
  expect(listed.stdout).toContain(String(ss58Address))
  expect((await at.run('show', 'miner-1', '--secret')).stdout).toBe(`${secretPhrase}\n`)
  expect((await at.run('show', '--secret')).code).toBe(2)
})

test('import takes words, a seed, or a file of btcli with the coldkey beside it', async () => {
  await using at = await wallet('import')
  const btcli = join(folder, 'btcli/mine')
  await mkdir(join(btcli, 'hotkeys'), { recursive: true })
  const texts: Record<string, string> = {
    words: `\uFEFF${phrase.replaceAll(' ', '\r\n')}\r\n`,
    seed: `0x${seed}\n`,
    mine: JSON.stringify({ secretSeed: seed, ss58Address: address, cryptoType: 1 }),
  }
  for (const [name, text] of Object.entries(texts)) {
    const path = name === 'mine' ? join(btcli, 'hotkeys/m1') : join(folder, `${name}.txt`)
    await writeFile(path, text)
    await writeFile(join(btcli, 'coldkeypub.txt'), JSON.stringify({ ss58Address: coldkey }))
    const { code, stdout, stderr } = await at.run('import', name, path)
    expect([code, stderr], stdout).toEqual([0, ''])
    expect(stdout).toContain(address)
    expect(stdout.includes(coldkey)).toBe(name === 'mine')
    expect((await hotkeySigner(await at.file(`${name}/hotkeys/default`), 'f')).address).toBe(address)
  }
})

test('import refuses what is no sr25519 hotkey, and leaves nothing behind', async () => {
  await using at = await wallet('refused')
  const refused: [text: string, why: string, file?: string][] = [
    [JSON.stringify({ secretSeed: seed, cryptoType: 0 }), '--crypto-type sr'],
    ['$NACL\u0001\u0002', 'encrypted'],
    ['one two three', 'neither a key file'],
    ['', 'neither a key file'],
    [JSON.stringify({ ss58Address: address }), 'no secret'],
    [JSON.stringify({ secretSeed: seed }), 'is a coldkey', 'coldkey'],
  ]
  for (const [text, why, file = 'odd'] of refused) {
    await writeFile(join(folder, file), text)
    const { code, stderr } = await at.run('import', 'odd', join(folder, file))
    expect([code, stderr], why).toEqual([2, expect.stringContaining(why)])
  }
  expect((await at.run('import', 'a/b', join(folder, 'odd'))).stderr).toContain('no wallet name')
  expect((await at.run('show')).stdout).toContain('no wallet')
  await writeFile(join(folder, 'words'), phrase)
  await at.run('import', 'one', join(folder, 'words'), '--coldkey', coldkey)
  const other = await at.run('new', 'one', '--coldkey', address)
  expect([other.code, other.stderr]).toEqual([1, expect.stringContaining('already')])
})
