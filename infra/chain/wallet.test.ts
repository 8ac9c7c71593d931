import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { inspect, promisify } from 'node:util'
import { encodeAddress } from '@polkadot/util-crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { developmentKey, hotkeySigner, madeKey } from './key-file.ts'
import { publicKeyOf } from './ss58.ts'
import { ensureWallet, readWallet, walletHotkeys, writeOnce } from './wallet.ts'

let root: string
beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), 'orrery-wallet-'))))
afterAll(() => rm(root, { recursive: true }))
const keyFile = (members: object) => JSON.stringify(members)
const unreadable = (part: string) => expect.objectContaining({ code: 'data_unreadable', message: expect.stringContaining(part) as string })

const hexOf = (address: string) => `0x${Buffer.from(publicKeyOf(address)!).toString('hex')}`

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
    ['$NACL\u0001\u0002secret', 'encrypted ($NACL, with'],
    ['$NACLSECRET', 'encrypted ($NACL, with'],
    [keyFile({ encoded: 'MFMC', encoding: { content: ['pkcs8', 'sr25519'] }, address: phraseAddress }), 'encrypted (an export of polkadot-js'],
    ['$ANSIBLE_VAULT;1.1;AES256', 'encrypted (ansible-vault'],
    ['gAAAAABjxyz', 'encrypted (Fernet'],
    ['\uFEFF$NACL\u0001', 'encrypted ($NACL'],
    ['not json', 'not the JSON of a Bittensor wallet key'],
    ['[]', 'not the JSON of a Bittensor wallet key'],
    [keyFile({ secretSeed: 7 }), 'not the JSON of a Bittensor wallet key'],
    [keyFile({ ss58Address: phraseAddress }), 'no secret'],
    [keyFile({ secretPhrase: 'one two three' }), 'no BIP-39 mnemonic'],
    [keyFile({ secretSeed: '0x12' }), 'not 32 bytes of hex'],
    [keyFile({ privateKey: `0x${'zz'.repeat(64)}` }), 'not 64 bytes of hex'],
    [keyFile({ privateKey: `0x${'ff'.repeat(64)}` }), 'not in schnorrkel form'],
    [keyFile({ publicKey: '0x12', secretSeed: phraseSeed }), 'publicKey is not 32 bytes'],
    [keyFile({ ss58Address: 'nobody', secretSeed: phraseSeed }), 'not to the ss58Address it states'],
    [keyFile({ secretSeed: phraseSeed, ss58Address: developmentKey('x').signer.address }), 'not to the ss58Address it states'],
  ])('refuses %j, and says which file and why', async (contents, why) => {
    const reading = hotkeySigner(contents, '/wallets/w/hotkeys/default')
    await expect(reading).rejects.toThrow(unreadable(why))
    await expect(reading).rejects.toThrow('/wallets/w/hotkeys/default')
  })

  test('takes files as people have them: a BOM, CRLF, words over lines and in capitals, 0X, the address of another network', async () => {
    const { publicKey } = developmentKey('x').signer
    const own = { secretPhrase: phrase, ss58Address: phraseAddress }
    const polkadotAddress = encodeAddress(Buffer.from('46ebddef8cd9bb167dc30878d7113b7e168e6f0646beffd77d69d39bad76b47a', 'hex'), 0)
    const taken = [
      `\uFEFF${keyFile(own)}`,
      JSON.stringify(own, undefined, 2).replaceAll('\n', '\r\n'),
      keyFile({ ...own, secretPhrase: ` ${phrase.toUpperCase().replaceAll(' ', '\n ')} ` }),
      keyFile({ secretSeed: phraseSeed.replace('0x', '0X').toUpperCase() }),
      keyFile({ ...own, ss58Address: polkadotAddress, cryptoType: '1', accountId: '', publicKey: null, made_by: { another: ['program'] } }),
    ]
    for (const contents of taken) expect((await hotkeySigner(contents, 'f')).address, contents).toBe(phraseAddress)
    await expect(hotkeySigner(keyFile({ ...own, publicKey: `0x${Buffer.from(publicKey).toString('hex')}` }), 'f')).rejects.toThrow('publicKey it states')
  })

  test('takes what SDK 11 takes beside: words or a seed by themselves, a seed as the private key of a key that is stated', async () => {
    const taken = [
      `${phrase}\n`,
      phraseSeed,
      `\uFEFF${phraseSeed.slice(2)}\r\n`,
      keyFile({ privateKey: phraseSeed, ss58Address: phraseAddress, cryptoType: '' }),
    ]
    for (const contents of taken) expect((await hotkeySigner(contents, 'f')).address, contents).toBe(phraseAddress)
    await expect(hotkeySigner(phrase.replace('walk', 'walks'), 'f')).rejects.toEqual(unreadable('no BIP-39 mnemonic'))
    await expect(hotkeySigner(keyFile({ privateKey: phraseSeed, ss58Address: developmentKey('x').signer.address }), 'f')).rejects.toEqual(
      unreadable('not to the ss58Address it states'),
    )
  })

  /** What SDK 11.3 makes of a seed whose bytes are text: they stand in the file as they are. */
  test('passes over a seed that stands there as it is for a private key that fits what the file states, and for no other', async () => {
    const key = madeKey(Buffer.alloc(32, 0x11))
    const { privateKey, ss58Address } = JSON.parse(key.hotkeyFile) as Record<string, string>
    const secretSeed = `0x${'\u0011'.repeat(32)}`
    expect((await hotkeySigner(keyFile({ secretSeed, privateKey, ss58Address }), 'f')).address).toBe(ss58Address)
    await expect(hotkeySigner(keyFile({ secretSeed, privateKey }), 'f')).rejects.toEqual(unreadable('secretSeed is not 32 bytes'))
    await expect(hotkeySigner(keyFile({ secretSeed, privateKey, ss58Address: phraseAddress }), 'f')).rejects.toEqual(unreadable('not to the ss58Address'))
  })

  /** The ed25519 key of the development phrase, whose private key is its seed. */
  const ed = {
    publicKey: '0x345071da55e5dccefaaa440339415ef9f2663338a38f7da0df21be5ab4e055ef',
    ss58Address: '5DFJF7tY4bpbpcKPJcBTQaKuCDEPCpiz8TRjpmLeTtweqmXL',
  }
  test.each([
    { ...ed, cryptoType: 0, secretPhrase: phrase },
    { cryptoType: 0, secretSeed: phraseSeed },
    { cryptoType: '0', secretSeed: phraseSeed },
    { cryptoType: 'Ed25519', secretSeed: phraseSeed },
    { ...ed, secretPhrase: phrase },
    { ...ed, secretSeed: phraseSeed, cryptoType: 1 },
    { ...ed, privateKey: phraseSeed },
    { privateKey: phraseSeed },
    { ...ed, privateKey: `${phraseSeed}${ed.publicKey.slice(2)}` },
    { privateKey: `${phraseSeed}${ed.publicKey.slice(2)}` },
    { secretPhrase: phrase, secretSeed: phraseSeed, privateKey: phraseSeed },
    { secretSeed: phraseSeed, crypto_type: 0 },
  ])('never signs as sr25519 with an ed25519 key: %j', async (members) => {
    await expect(hotkeySigner(keyFile(members), 'f')).rejects.toEqual(
      unreadable('an ed25519 key; this version signs with sr25519; make one with --crypto-type sr'),
    )
  })

  test.each([2, '2', 'ecdsa', {}, [], true])('takes no key of the kind %j', async (cryptoType) => {
    await expect(hotkeySigner(keyFile({ cryptoType, secretSeed: phraseSeed }), 'f')).rejects.toEqual(unreadable('--crypto-type sr'))
  })

  test('never tells the secret it could not use, nor a piece of the file', async () => {
    for (const contents of [keyFile({ secretPhrase: 'my very secret words' }), '{"secretPhrase": "my very secret words", }', '"my very secret words']) {
      const failure = await hotkeySigner(contents, 'f').catch((error: Error) => error)
      expect(inspect(failure, { depth: 9 })).not.toMatch(/secret words|my very/)
    }
  })
})

describe('ensureWallet', () => {
  test('makes a development wallet that follows from seed and name, for the owner’s eyes only', async () => {
    const [a, b] = [join(root, 'a'), join(root, 'b')]
    const made = await ensureWallet(a, 'miner-1', { seed: 1 })
    const again = await ensureWallet(b, 'miner-1', { seed: 1 })
    expect([again.signer.address, again.coldkey]).toEqual([made.signer.address, made.coldkey])
    expect(made.signer.isDevelopment).toBe(true)
    expect(made.coldkey).not.toBe(made.signer.address)
    expect((await ensureWallet(b, 'miner-2', { seed: 1 })).signer.address).not.toBe(made.signer.address)
    expect((await ensureWallet(join(root, 'c'), 'miner-1', { seed: 2 })).signer.address).not.toBe(made.signer.address)
    for (const file of ['coldkeypub.txt', 'hotkeys/default']) {
      expect((await stat(join(a, 'miner-1', file))).mode & 0o777).toBe(0o600)
      expect((await stat(dirname(join(a, 'miner-1', file)))).mode & 0o777).toBe(0o700)
      expect(await readFile(join(a, 'miner-1', file))).toEqual(await readFile(join(b, 'miner-1', file)))
    }
  })

  test('draws keys of their own for each installation, which stay what they are', async () => {
    const [a, b] = [join(root, 'drawn-a'), join(root, 'drawn-b')]
    const keys = { seed: 1, isDrawn: true }
    const made = await ensureWallet(a, 'miner-1', keys)
    const others = [await ensureWallet(b, 'miner-1', keys), await ensureWallet(join(root, 'drawn-c'), 'miner-1', { seed: 1 })]
    expect(new Set([made, ...others].flatMap(({ signer, coldkey }) => [signer.address, coldkey])).size).toBe(6)
    const again = await ensureWallet(a, 'miner-1', keys)
    expect([again.signer.address, again.coldkey, again.signer.isDevelopment]).toEqual([made.signer.address, made.coldkey, true])
  })

  test('knows a development wallet of a version before, which says nothing of itself', async () => {
    const dir = join(root, 'former')
    const { orrery: _, ...former } = JSON.parse(developmentKey('1\nw\nhotkey').hotkeyFile) as Record<string, string>
    await mkdir(join(dir, 'w/hotkeys'), { recursive: true })
    await writeFile(join(dir, 'w/hotkeys/default'), keyFile(former))
    expect((await ensureWallet(dir, 'w', { seed: 1, isDrawn: true })).signer.isDevelopment).toBe(true)
  })

  test('keeps the wallet that is there, whatever the seed', async () => {
    const dir = join(root, 'kept')
    const made = await ensureWallet(dir, 'w', { seed: 1 })
    expect((await ensureWallet(dir, 'w', { seed: 2 })).signer.address).toBe(made.signer.address)
  })

  test('comes out the same for all who make it at once, and leaves nothing else behind', async () => {
    const dir = join(root, 'raced')
    const wallets = await Promise.all(Array.from({ length: 20 }, () => ensureWallet(dir, 'w', { seed: 3, isDrawn: true })))
    expect(new Set(wallets.map(({ signer, coldkey }) => `${signer.address} ${coldkey}`)).size).toBe(1)
    expect((await readdir(dir, { recursive: true })).toSorted()).toEqual(['w', 'w/coldkeypub.txt', 'w/hotkeys', 'w/hotkeys/default'])
  })

  test('finishes a wallet whose making was cut off', async () => {
    const dir = join(root, 'cut')
    const whole = await ensureWallet(dir, 'w', { seed: 4 })
    await rm(join(dir, 'w/coldkeypub.txt'))
    expect((await ensureWallet(dir, 'w', { seed: 4 })).coldkey).toBe(whole.coldkey)
  })

  test('clears what a kill left while a key was written, before it stood there or after, and nothing else', async () => {
    const dir = join(root, 'killed')
    const staged = join(dir, 'w/hotkeys/default.1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed.tmp')
    await mkdir(dirname(staged), { recursive: true })
    for (const other of ['default.tmp', 'm1', 'defaultpub.txt']) await writeFile(join(dirname(staged), other), '')
    for (let time = 0; time < 2; time++) {
      await writeFile(staged, developmentKey('another').hotkeyFile)
      await ensureWallet(dir, 'w', { seed: 1 })
      expect((await readdir(dirname(staged))).toSorted()).toEqual(['default', 'default.tmp', 'defaultpub.txt', 'm1'])
    }
  })

  test('uses a wallet of btcli, and puts nothing of its own beside a part of one', async () => {
    const dir = join(root, 'real')
    await mkdir(join(dir, 'w/hotkeys'), { recursive: true })
    await writeFile(join(dir, 'w/hotkeys/default'), keyFile({ secretPhrase: phrase, ss58Address: phraseAddress }))
    await expect(ensureWallet(dir, 'w', { seed: 1 })).rejects.toEqual(unreadable('coldkeypub.txt'))
    await writeFile(join(dir, 'w/coldkeypub.txt'), keyFile({ ss58Address: phraseAddress, secretPhrase: null }))
    expect(await ensureWallet(dir, 'w', { seed: 1 })).toMatchObject({ signer: { address: phraseAddress, isDevelopment: false }, coldkey: phraseAddress })
    await writeFile(join(dir, 'w/coldkeypub.txt'), `\uFEFF${keyFile({ accountId: hexOf(phraseAddress), cryptoType: 0 })}\r\n`)
    expect(await ensureWallet(dir, 'w', { seed: 1 })).toMatchObject({ coldkey: phraseAddress })
    await rm(join(dir, 'w/hotkeys/default'))
    await expect(ensureWallet(dir, 'w', { seed: 1 })).rejects.toEqual(unreadable('hotkeys/default'))
  })

  test('where keys are worth something none is made, and none that was made for development is taken', async () => {
    const dir = join(root, 'worth')
    await expect(readWallet(dir, 'w', { seed: 1 })).rejects.toEqual(unreadable('hotkeys/default'))
    expect(await readdir(root)).not.toContain('worth')
    for (const isDrawn of [true, false]) {
      await ensureWallet(dir, `w-${isDrawn}`, { seed: 1, isDrawn })
      await expect(readWallet(dir, `w-${isDrawn}`, { seed: 2 })).rejects.toMatchObject({
        code: 'invalid_config',
        message: expect.stringContaining('wallet import') as string,
      })
    }
    await writeOnce(join(dir, 'own/hotkeys/default'), keyFile({ secretPhrase: phrase }))
    await writeOnce(join(dir, 'own/coldkeypub.txt'), keyFile({ ss58Address: phraseAddress }))
    expect(await readWallet(dir, 'own', { seed: 1 })).toMatchObject({ signer: { address: phraseAddress }, coldkey: phraseAddress })
  })

  test('refuses files that are no keys, too long, or out of reach', async () => {
    const dir = join(root, 'bad')
    const { coldkey } = await ensureWallet(dir, 'w', { seed: 1 })
    await writeFile(join(dir, 'w/coldkeypub.txt'), keyFile({ ss58Address: `${coldkey}x` }))
    await expect(ensureWallet(dir, 'w', { seed: 1 })).rejects.toEqual(unreadable('ss58Address'))
    // A coldkey is registered for: which one must be beyond doubt.
    await writeFile(join(dir, 'w/coldkeypub.txt'), keyFile({ ss58Address: coldkey, publicKey: `0x${'11'.repeat(32)}` }))
    await expect(ensureWallet(dir, 'w', { seed: 1 })).rejects.toEqual(unreadable('it states two keys'))
    for (const empty of ['', ' \n', '\0'.repeat(300)]) {
      await writeFile(join(dir, 'w/hotkeys/default'), empty)
      await expect(ensureWallet(dir, 'w', { seed: 1 })).rejects.toEqual(unreadable('it is empty'))
    }
    await writeFile(join(dir, 'w/hotkeys/default'), 'x'.repeat(20_000))
    await expect(ensureWallet(dir, 'w', { seed: 1 })).rejects.toEqual(unreadable('longer than any key'))
    await writeFile(join(dir, 'file'), '')
    await expect(ensureWallet(join(dir, 'file'), 'w', { seed: 1 })).rejects.toEqual(unreadable('cannot be read or made'))
  })

  test('reads through links, and waits for no pipe', async () => {
    const dir = join(root, 'linked')
    const made = await ensureWallet(join(root, 'kept'), 'w', { seed: 1 })
    await mkdir(dir)
    await symlink(join(root, 'kept/w'), join(dir, 'w'))
    expect((await ensureWallet(dir, 'w', { seed: 2, isDrawn: true })).signer.address).toBe(made.signer.address)
    await mkdir(join(dir, 'piped/hotkeys'), { recursive: true })
    await promisify(execFile)('mkfifo', [join(dir, 'piped/hotkeys/default')])
    await expect(ensureWallet(dir, 'piped', { seed: 1 })).rejects.toEqual(unreadable('is no file'))
  })

  test.each(['', '..', 'a/b', '.hidden', 'x'.repeat(65)])('refuses the name %j', async (name) => {
    await expect(ensureWallet(root, name, { seed: 1 })).rejects.toMatchObject({ code: 'invalid_argument' })
  })
})

test('walletHotkeys tells the hotkeys of a folder that can sign, and makes none', async () => {
  const dir = join(root, 'several')
  expect(await walletHotkeys(dir)).toEqual(new Map())
  const [b, a] = [await ensureWallet(dir, 'b', { seed: 1 }), await ensureWallet(dir, 'a', { seed: 1 })]
  await mkdir(join(dir, 'cold'))
  await writeFile(join(dir, 'cold', 'coldkeypub.txt'), keyFile({ ss58Address: a.coldkey }))
  await mkdir(join(dir, 'public', 'hotkeys'), { recursive: true })
  await writeFile(join(dir, 'public', 'hotkeys', 'default'), keyFile({ ss58Address: phraseAddress }))
  await writeFile(join(dir, 'stray'), '')
  expect([...(await walletHotkeys(dir))]).toEqual([
    ['a', a.signer.address],
    ['b', b.signer.address],
  ])
})
