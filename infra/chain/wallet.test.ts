import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { developmentKey, hotkeySigner } from './key-file.ts'
import { ensureWallet } from './wallet.ts'

let root: string
beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), 'orrery-wallet-'))))
afterAll(() => rm(root, { recursive: true }))
const keyFile = (members: object) => JSON.stringify(members)
const unreadable = (part: string) => expect.objectContaining({ code: 'data_unreadable', message: expect.stringContaining(part) as string })

/** The development phrase of Substrate and the key every Substrate wallet makes of it. */
const phrase = 'bottom drive obey lake curtain smoke basket hold race lonely fit walk'
const phraseAddress = '5DfhGyQdFobKM8NsWvEeAKk5EQQgYe9AydgJ7rMB6E1EqRzV'
const phraseSeed = '0xfac7959dbfe72f052e5a0c3c8d6530f202b02fd8f9f5ca3580ec8deb7797479e'

describe('hotkeySigner', () => {
  test('takes the phrase, else the seed, else the private key', async () => {
    const { privateKey, ss58Address } = JSON.parse(developmentKey('x').hotkeyFile) as Record<string, string>
    expect((await hotkeySigner(keyFile({ secretPhrase: phrase, secretSeed: `0x${'00'.repeat(32)}`, privateKey }), 'f')).address).toBe(phraseAddress)
    expect((await hotkeySigner(keyFile({ secretPhrase: null, secretSeed: phraseSeed, privateKey }), 'f')).address).toBe(phraseAddress)
    expect((await hotkeySigner(keyFile({ secretSeed: phraseSeed.slice(2) }), 'f')).address).toBe(phraseAddress)
    expect((await hotkeySigner(keyFile({ privateKey }), 'f')).address).toBe(ss58Address)
  })

  test('signs the same with a key read from its seed and from its private key', async () => {
    const { privateKey, secretSeed } = JSON.parse(developmentKey('x').hotkeyFile) as Record<string, string>
    const message = Buffer.from('m')
    const signed = await Promise.all([{ privateKey }, { secretSeed }].map(async (parts) => (await hotkeySigner(keyFile(parts), 'f')).sign(message)))
    expect(signed[0]).toEqual(signed[1])
  })

  test.each([
    ['$NACL\u0001\u0002secret', 'encrypted'],
    ['$ANSIBLE_VAULT;1.1;AES256', 'encrypted'],
    ['not json', 'not the JSON of a Bittensor wallet key'],
    ['[]', 'not the JSON of a Bittensor wallet key'],
    [keyFile({ secretSeed: 7 }), 'not the JSON of a Bittensor wallet key'],
    [keyFile({ ss58Address: phraseAddress }), 'no secret'],
    [keyFile({ secretPhrase: 'one two three' }), 'no BIP-39 mnemonic'],
    [keyFile({ secretSeed: '0x12' }), 'not 32 bytes of hex'],
    [keyFile({ privateKey: `0x${'zz'.repeat(64)}` }), 'not 64 bytes of hex'],
    [keyFile({ privateKey: `0x${'ff'.repeat(64)}` }), 'not in schnorrkel form'],
    [keyFile({ secretSeed: phraseSeed, ss58Address: developmentKey('x').signer.address }), 'not to the ss58Address it states'],
  ])('refuses %j, and says which file and why', async (contents, why) => {
    const reading = hotkeySigner(contents, '/wallets/w/hotkeys/default')
    await expect(reading).rejects.toThrow(unreadable(why))
    await expect(reading).rejects.toThrow('/wallets/w/hotkeys/default')
  })

  test('never tells the secret it could not use', async () => {
    await expect(hotkeySigner(keyFile({ secretPhrase: 'my very secret words' }), 'f')).rejects.toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('secret words') as string }),
    )
  })
})

describe('ensureWallet', () => {
  test('makes a development wallet that follows from seed and name, for the owner’s eyes only', async () => {
    const [a, b] = [join(root, 'a'), join(root, 'b')]
    const made = await ensureWallet(a, 'miner-1', { seed: 1 })
    const again = await ensureWallet(b, 'miner-1', { seed: 1 })
    expect([again.signer.address, again.coldkey]).toEqual([made.signer.address, made.coldkey])
    expect(made.coldkey).not.toBe(made.signer.address)
    expect((await ensureWallet(b, 'miner-2', { seed: 1 })).signer.address).not.toBe(made.signer.address)
    expect((await ensureWallet(join(root, 'c'), 'miner-1', { seed: 2 })).signer.address).not.toBe(made.signer.address)
    for (const file of ['coldkeypub.txt', 'hotkeys/default']) {
      expect((await stat(join(a, 'miner-1', file))).mode & 0o777).toBe(0o600)
      expect(await readFile(join(a, 'miner-1', file))).toEqual(await readFile(join(b, 'miner-1', file)))
    }
  })

  test('keeps the wallet that is there, whatever the seed', async () => {
    const dir = join(root, 'kept')
    const made = await ensureWallet(dir, 'w', { seed: 1 })
    expect((await ensureWallet(dir, 'w', { seed: 2 })).signer.address).toBe(made.signer.address)
  })

  test('comes out the same for all who make it at once, and leaves nothing else behind', async () => {
    const dir = join(root, 'raced')
    const wallets = await Promise.all(Array.from({ length: 20 }, () => ensureWallet(dir, 'w', { seed: 3 })))
    expect(new Set(wallets.map(({ signer, coldkey }) => `${signer.address} ${coldkey}`)).size).toBe(1)
    expect((await readdir(dir, { recursive: true })).toSorted()).toEqual(['w', 'w/coldkeypub.txt', 'w/hotkeys', 'w/hotkeys/default'])
  })

  test('finishes a wallet whose making was cut off', async () => {
    const dir = join(root, 'cut')
    const whole = await ensureWallet(dir, 'w', { seed: 4 })
    await rm(join(dir, 'w/coldkeypub.txt'))
    expect((await ensureWallet(dir, 'w', { seed: 4 })).coldkey).toBe(whole.coldkey)
  })

  test('uses a wallet of btcli, and puts nothing of its own beside a part of one', async () => {
    const dir = join(root, 'real')
    await mkdir(join(dir, 'w/hotkeys'), { recursive: true })
    await writeFile(join(dir, 'w/hotkeys/default'), keyFile({ secretPhrase: phrase, ss58Address: phraseAddress }))
    await expect(ensureWallet(dir, 'w', { seed: 1 })).rejects.toEqual(unreadable('coldkeypub.txt'))
    await writeFile(join(dir, 'w/coldkeypub.txt'), keyFile({ ss58Address: phraseAddress, secretPhrase: null }))
    expect(await ensureWallet(dir, 'w', { seed: 1 })).toMatchObject({ signer: { address: phraseAddress }, coldkey: phraseAddress })
    await rm(join(dir, 'w/hotkeys/default'))
    await expect(ensureWallet(dir, 'w', { seed: 1 })).rejects.toEqual(unreadable('hotkeys/default'))
  })

  test('refuses files that are no keys, too long, or out of reach', async () => {
    const dir = join(root, 'bad')
    const { coldkey } = await ensureWallet(dir, 'w', { seed: 1 })
    await writeFile(join(dir, 'w/coldkeypub.txt'), keyFile({ ss58Address: `${coldkey}x` }))
    await expect(ensureWallet(dir, 'w', { seed: 1 })).rejects.toEqual(unreadable('ss58Address'))
    await writeFile(join(dir, 'w/hotkeys/default'), 'x'.repeat(20_000))
    await expect(ensureWallet(dir, 'w', { seed: 1 })).rejects.toEqual(unreadable('longer than any key'))
    await writeFile(join(dir, 'file'), '')
    await expect(ensureWallet(join(dir, 'file'), 'w', { seed: 1 })).rejects.toEqual(unreadable('cannot be read or made'))
  })

  test.each(['', '..', 'a/b', '.hidden', 'x'.repeat(65)])('refuses the name %j', async (name) => {
    await expect(ensureWallet(root, name, { seed: 1 })).rejects.toMatchObject({ code: 'invalid_argument' })
  })
})
