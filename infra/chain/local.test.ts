import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setImmediate } from 'node:timers/promises'
import { afterAll, describe, expect, test } from 'vitest'
import type { Metagraph, Signer } from '#schemas/chain.ts'
import { chainSuite } from '#test/conformance/chain.ts'
import { manualClock, type ManualClock } from '#test/manual-clock.ts'
import { signExtrinsic } from './extrinsic.ts'
import { developmentKey } from './key-file.ts'
import { callBlocks, pastBlocks } from './local-tables.ts'
import { localChain, type LocalChain, type LocalChainOptions } from './local.ts'

const root = mkdtempSync(join(tmpdir(), 'orrery-chain-'))
afterAll(() => rmSync(root, { recursive: true }))

let made = 0
const freshPath = () => join(root, String(made++), 'chain.db')
const tao = 1_000_000_000n
const blockMs = 1000
const hotkey = (name: string) => ({ signer: developmentKey(name).signer, coldkey: developmentKey(`${name} coldkey`).signer.address })

type Options = Partial<LocalChainOptions> & { clock: ManualClock }
const open = (path: string, options: Options): LocalChain =>
  localChain(path, { netuid: 13, blockMs, tempoBlocks: 20, weightsRateLimitBlocks: 5, faucet: true, ...options })

const refused = (reason: string) => ({ code: 'chain_refused', details: { reason } })

/** Registers a name, with stake when some is given. */
async function join13(chain: LocalChain, name: string, stakeTao = 0n): Promise<Signer> {
  const { signer, coldkey } = hotkey(name)
  if (stakeTao > 0n) await chain.faucet(signer, stakeTao * tao)
  await chain.register(signer, coldkey)
  return signer
}

const hashes = async (from: LocalChain) => Promise.all([2, 3, 4, 5, 6].map(async (number) => (await from.block(number)).hash))

/** Hashes of blocks 0 and 2 of a new chain. */
const genesisOf = async (seed?: string): Promise<string[]> => {
  const clock = manualClock(seed === undefined ? 1000 : made)
  await using chain = open(freshPath(), { clock, seed })
  clock.advance(3 * blockMs)
  return [(await chain.block(0)).hash, (await chain.block(2)).hash]
}

describe('localChain', () => {
  chainSuite(async () => {
    const clock = manualClock()
    const path = freshPath()
    const [chain, other] = [open(path, { clock }), open(path, { clock })]
    return {
      chain,
      other,
      weightsRateLimitBlocks: 5,
      hotkey,
      endow: (signer) => chain.faucet(signer, 10_000n * tao),
      pass: async (blocks) => clock.advance(blocks * blockMs),
      async [Symbol.asyncDispose]() {
        await other[Symbol.asyncDispose]()
        await chain[Symbol.asyncDispose]()
      },
    }
  })

  test('takes its blocks from the clock it is given', async () => {
    const clock = manualClock(5_000_000)
    await using chain = open(freshPath(), { clock })
    expect(await chain.block()).toMatchObject({ number: 1, timestamp: 5_000_000 })
    clock.advance(2_500)
    expect(await chain.block()).toMatchObject({ number: 3, timestamp: 5_002_000 })
  })

  test('never goes back, even when the clock of another process is behind', async () => {
    const [ahead, behind] = [manualClock(1_000_000), manualClock(1_000_000)]
    const path = freshPath()
    await using first = open(path, { clock: ahead })
    await using second = open(path, { clock: behind })
    ahead.advance(10_000)
    expect(await first.block()).toMatchObject({ number: 11 })
    expect(await second.block()).toMatchObject({ number: 11 })
  })

  test('draws the hash of a block when it is made: nobody foretells it, and who made it changes nothing', async () => {
    const clock = manualClock()
    const path = freshPath()
    await using chain = open(path, { clock })
    await chain.block()
    const twin = freshPath()
    cpSync(dirname(path), dirname(twin), { recursive: true })
    await using other = open(path, { clock })
    await using foretold = open(twin, { clock })
    clock.advance(5 * blockMs)
    const told = await hashes(chain)
    expect(new Set(told).size).toBe(5)
    expect(await hashes(other)).toEqual(told)
    for (const [i, hash] of (await hashes(foretold)).entries()) expect(hash).not.toBe(told[i])
    expect((await foretold.block(0)).hash).toBe((await chain.block(0)).hash)
  })

  test('is another chain each time it is started, and the same with the same seed', async () => {
    expect(await genesisOf('a')).toEqual(await genesisOf('a'))
    for (const seed of ['b', undefined]) for (const [i, hash] of (await genesisOf(seed)).entries()) expect((await genesisOf(seed && 'a'))[i]).not.toBe(hash)
  })

  test('refuses a signed call that is replayed, altered, early or of another chain', async () => {
    const clock = manualClock()
    await using chain = open(freshPath(), { clock })
    await using elsewhere = open(freshPath(), { clock: manualClock(1) })
    const signer = await join13(chain, 'a')
    const { nonce, genesis } = await chain.signingContext(signer.address)
    const call = { name: 'set_commitment', netuid: 13, data: '0x01' } as const
    const signed = signExtrinsic(call, signer, nonce, genesis)
    await expect(chain.submit({ ...signed, call: { ...call, data: '0x02' } })).rejects.toMatchObject(refused('BadProof'))
    await expect(chain.submit({ ...signed, signer: hotkey('b').signer.address })).rejects.toMatchObject(refused('BadProof'))
    await expect(elsewhere.submit(signed)).rejects.toMatchObject(refused('BadProof'))
    await expect(chain.submit(signExtrinsic(call, signer, nonce + 1, genesis))).rejects.toMatchObject(refused('Future'))
    await chain.submit(signed)
    await expect(chain.submit(signed)).rejects.toMatchObject(refused('Stale'))
    await expect(chain.submit({ ...signed, nonce: -1 })).rejects.toMatchObject({ code: 'invalid_argument' })
    await expect(chain.submit(signExtrinsic({ ...call, netuid: 14 }, signer, nonce + 1, genesis))).rejects.toMatchObject(refused('SubNetworkDoesNotExist'))
  })

  test('keeps the nonce of a call it refused', async () => {
    await using chain = open(freshPath(), { clock: manualClock() })
    const signer = await join13(chain, 'a')
    const before = await chain.signingContext(signer.address)
    await expect(chain.submitWeights(signer, { uids: [5], values: [1], versionKey: 0 })).rejects.toThrow('NotEnoughStakeToSetWeights')
    expect(await chain.signingContext(signer.address)).toEqual(before)
  })

  test('serves the loopback only on a chain that is told to', async () => {
    await using strict = open(freshPath(), { clock: manualClock() })
    await using lenient = open(freshPath(), { clock: manualClock(), loopback: true })
    for (const ip of ['127.0.0.1', '127.1.2.3', '::1'])
      await expect(strict.serve(await join13(strict, 'a'), { ip, port: 80 })).rejects.toMatchObject({ details: { reason: 'InvalidIpAddress' } })
    await lenient.serve(await join13(lenient, 'a'), { ip: '127.0.0.1', port: 80 })
    expect((await lenient.metagraph()).neurons[0]?.axon).toEqual({ ip: '127.0.0.1', port: 80 })
  })

  test.each(['0.0.0.0', '255.255.255.255', '::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'])('serves no address that nobody has: %s', async (ip) => {
    await using chain = open(freshPath(), { clock: manualClock(), loopback: true })
    const served = chain.serve(await join13(chain, 'a'), { ip, port: 80 })
    await expect(served).rejects.toMatchObject({ code: 'chain_refused', details: { reason: 'InvalidIpAddress', pool: 11 } })
  })

  test('gives stake away only on a chain with a faucet, and never takes it', async () => {
    await using chain = open(freshPath(), { clock: manualClock() })
    await using real = open(freshPath(), { clock: manualClock(), faucet: false })
    const { signer } = hotkey('a')
    await expect(real.faucet(signer, tao)).rejects.toMatchObject({ code: 'chain_refused', details: { reason: 'FaucetDisabled' } })
    await expect(chain.faucet(signer, -1n)).rejects.toMatchObject({ code: 'invalid_argument' })
    await join13(chain, 'a', 5n)
    await chain.faucet(signer, 3n * tao)
    expect((await chain.metagraph()).neurons[0]?.stake).toBe(5n * tao)
  })

  test('gives permits to the highest stakes: at once before the first epoch, then at epochs', async () => {
    const clock = manualClock()
    await using chain = open(freshPath(), { clock, maxValidators: 2, stakeThreshold: 1000n * tao })
    for (const [name, stake] of [
      ['poor', 999n],
      ['a', 2000n],
      ['b', 3000n],
      ['c', 2000n],
    ] as const)
      await join13(chain, name, stake)
    const permits = async () => (await chain.metagraph()).neurons.map((neuron) => neuron.validatorPermit)
    expect(await permits()).toEqual([false, true, true, false])
    clock.advance(20 * blockMs)
    expect(await permits()).toEqual([false, true, true, false])
    await chain.faucet(hotkey('c').signer, 9000n * tao)
    expect(await permits()).toEqual([false, true, true, false])
    await expect(chain.submitWeights(hotkey('c').signer, { uids: [1], values: [1], versionKey: 0 })).rejects.toMatchObject({
      details: { reason: 'NeuronNoValidatorPermit' },
    })
    clock.advance(20 * blockMs)
    expect(await permits()).toEqual([false, false, true, true])
  })

  test('lets a hotkey commit 3,100 bytes an epoch, the shortest commitment for 100', async () => {
    const clock = manualClock()
    await using chain = open(freshPath(), { clock, tempoBlocks: 100 })
    const signer = await join13(chain, 'a')
    for (let i = 0; i < 31; i++) await chain.commit(signer, Uint8Array.of(i))
    const usedUp = { code: 'rate_limited', details: { reason: 'SpaceLimitExceeded' } }
    await expect(chain.commit(signer, Uint8Array.of(99))).rejects.toMatchObject(usedUp)
    expect((await chain.metagraph()).neurons[0]?.commitment).toEqual(Uint8Array.of(30))
    clock.advance(100 * blockMs)
    for (let i = 0; i < 24; i++) await chain.commit(signer, new Uint8Array(128).fill(i))
    await expect(chain.commit(signer, new Uint8Array(128))).rejects.toMatchObject(usedUp)
  })

  test('gives the uid of the least paid neuron outside immunity to a newcomer when it is full', async () => {
    const clock = manualClock()
    await using chain = open(freshPath(), { clock, maxUids: 4, immunityBlocks: 30, weightsRateLimitBlocks: 0 })
    const validator = await join13(chain, 'validator', 5000n)
    for (const name of ['good', 'bad']) await join13(chain, name)
    clock.advance(blockMs)
    await chain.submitWeights(validator, { uids: [1, 2], values: [9, 1], versionKey: 0 })
    clock.advance(40 * blockMs)
    await join13(chain, 'young')
    await chain.commit(hotkey('bad').signer, Uint8Array.of(1))
    expect(await chain.register(hotkey('newcomer').signer, hotkey('newcomer').coldkey)).toBe(2)
    const { neurons } = await chain.metagraph()
    expect(neurons[2]).toMatchObject({ hotkey: hotkey('newcomer').signer.address, emission: 0n, commitment: undefined })
    // The weight that was given to the former holder of the uid pays nobody.
    clock.advance(20 * blockMs)
    expect((await chain.metagraph()).neurons.map(({ incentive }) => incentive)).toEqual([0, 65_535, 0, 0])
    clock.advance(20 * blockMs)
    expect(await chain.register(hotkey('bad').signer, hotkey('bad').coldkey)).toBe(2)
  })

  test('pays each epoch what the weights say, and the owner the rest', async () => {
    const clock = manualClock()
    await using chain = open(freshPath(), { clock })
    const validator = await join13(chain, 'validator', 5000n)
    for (const name of ['one', 'two']) await join13(chain, name)
    clock.advance(blockMs)
    await chain.submitWeights(validator, { uids: [1, 2], values: [1, 3], versionKey: 0 })
    expect((await chain.metagraph()).lastEpochBlock).toBe(0)
    clock.advance(18 * blockMs)
    const { neurons, block, lastEpochBlock } = await chain.metagraph()
    expect({ block, lastEpochBlock }).toEqual({ block: 20, lastEpochBlock: 20 })
    expect(neurons.map(({ incentive }) => incentive)).toEqual([0, 16_384, 49_151])
    expect(neurons.map(({ dividends }) => dividends)).toEqual([65_535, 0, 0])
    const half = (20n * tao * 41n) / 100n
    expect(neurons[0]?.emission).toBe(half)
    expect((neurons[1]?.emission ?? 0n) + (neurons[2]?.emission ?? 0n)).toBeGreaterThanOrEqual(half - 20n)
  })

  test('comes out the same whether each epoch was watched or months went by unwatched', async () => {
    const clocks = [manualClock(), manualClock()]
    const chains = clocks.map((clock) => open(freshPath(), { clock, activityCutoffBlocks: 130, maxValidators: 2 }))
    for (const [i, chain] of chains.entries()) {
      const validators = [await join13(chain, 'v1', 5000n), await join13(chain, 'v2', 4000n)]
      await join13(chain, 'm')
      clocks[i]?.advance(blockMs)
      await chain.submitWeights(validators[0] as Signer, { uids: [1, 2], values: [1, 3], versionKey: 0 })
      clocks[i]?.advance(45 * blockMs)
      await chain.submitWeights(validators[1] as Signer, { uids: [2], values: [1], versionKey: 0 })
      await join13(chain, 'v3', 4500n)
    }
    for (let epoch = 0; epoch < 30; epoch++) {
      clocks[0]?.advance(20 * blockMs)
      await chains[0]?.metagraph()
    }
    clocks[1]?.advance(30 * 20 * blockMs)
    const [watched, unwatched] = await Promise.all(chains.map((chain) => chain.metagraph()))
    expect(unwatched).toEqual(watched)
    // And at each block that can still be asked for.
    const head = watched?.block ?? 0
    for (let block = head - pastBlocks; block <= head; block += 7) {
      const [seen, unseen] = await Promise.all(chains.map((chain) => chain.metagraph(block)))
      expect(unseen).toEqual(seen)
    }
    expect(watched?.neurons.map(({ validatorPermit }) => validatorPermit)).toEqual([true, false, false, true])
    for (const chain of chains) await chain[Symbol.asyncDispose]()
  })

  test('knows what it was at each of its last blocks, and forgets what is older', async () => {
    const clock = manualClock()
    const path = freshPath()
    await using chain = open(path, { clock })
    const validator = await join13(chain, 'validator', 5000n)
    await join13(chain, 'miner')
    const seen = new Map<number, Metagraph>()
    for (let n = 0; n < 2 * pastBlocks; n++) {
      if (n % 3 === 0) await chain.submitWeights(validator, { uids: [1], values: [n + 1], versionKey: 0 }).catch(() => undefined)
      const now = await chain.metagraph()
      seen.set(now.block, now)
      clock.advance(blockMs)
    }
    const { number: head } = await chain.block()
    const { known = [], forgotten = [] } = Object.groupBy(seen.values(), ({ block }) => (block >= head - pastBlocks ? 'known' : 'forgotten'))
    expect([known.length, forgotten.length]).toEqual([pastBlocks, pastBlocks])
    for (const then of known) expect(await chain.metagraph(then.block)).toEqual(then)
    for (const { block } of forgotten) await expect(chain.metagraph(block)).rejects.toMatchObject({ code: 'not_found' })
    using raw = new DatabaseSync(path)
    expect(Number(raw.prepare('select count(*) as n from past').get()?.['n'])).toBeLessThanOrEqual(pastBlocks + 1)
  })

  test('forgets calls after a day of blocks, and tells the same hashes of those since', async () => {
    const clock = manualClock()
    const path = freshPath()
    await using chain = open(path, { clock })
    const signer = await join13(chain, 'a')
    const seen = new Map<number, string>()
    for (let n = 0; n < 30; n++) {
      await chain.commit(signer, Uint8Array.of(n))
      const { number, hash } = await chain.block()
      seen.set(number, hash)
      clock.advance((callBlocks / 10) * blockMs)
    }
    const { number: head } = await chain.block()
    const { known = [], forgotten = [] } = Object.groupBy(seen, ([number]) => (number > head - callBlocks ? 'known' : 'forgotten'))
    for (const [number, hash] of known) expect(await chain.block(number)).toMatchObject({ hash })
    for (const [number] of forgotten.slice(0, -1)) await expect(chain.block(number)).rejects.toMatchObject({ code: 'not_found' })
    expect([known.length, forgotten.length]).toEqual([9, 21])
    using raw = new DatabaseSync(path)
    expect(Number(raw.prepare('select count(*) as n from extrinsics').get()?.['n'])).toBeLessThanOrEqual(12)
    // A call that was made before is refused as any other is.
    expect((await chain.signingContext(signer.address)).nonce).toBe(31)
  })

  test('takes over a chain of the version before, whose past it does not know', async () => {
    const clock = manualClock()
    const path = freshPath()
    {
      await using chain = open(path, { clock })
      await join13(chain, 'a')
      clock.advance(3 * blockMs)
      await chain.block()
    }
    const raw = new DatabaseSync(path)
    raw.exec(`drop table past; alter table chain drop column changed_at; drop table salts; alter table neurons drop column commits;
      alter table extrinsics add column digest blob not null default x'00';
      update chain set parameters = json_remove(parameters, '$.commitReveal', '$.revealPeriodEpochs');
      create trigger extrinsics_kept before delete on extrinsics begin select raise(abort, 'extrinsics are append-only'); end; pragma user_version = 1`)
    raw.close()
    await using chain = open(path, { clock })
    const { block, neurons } = await chain.metagraph()
    expect(neurons).toHaveLength(1)
    expect(await chain.metagraph(block)).toMatchObject({ block })
    await expect(chain.metagraph(block - 1)).rejects.toMatchObject({ code: 'not_found' })
  })

  test('goes on where it stopped', async () => {
    const clock = manualClock()
    const path = freshPath()
    const chain = open(path, { clock })
    const signer = await join13(chain, 'a', 7n)
    await chain.commit(signer, Uint8Array.of(4, 2))
    const [before, block] = [await chain.metagraph(), await chain.block()]
    await chain[Symbol.asyncDispose]()
    await using again = open(path, { clock })
    expect(await again.metagraph()).toEqual(before)
    expect(await again.block()).toEqual(block)
  })

  test('waits for another process without stopping the event loop, and opens a chain that is in use', async () => {
    const clock = manualClock()
    const path = freshPath()
    await using chain = open(path, { clock })
    await join13(chain, 'a')
    using other = new DatabaseSync(path)
    other.exec('begin immediate')
    await using late = open(path, { clock })
    clock.advance(blockMs)
    const heard = late.onBlock(new AbortController().signal)[Symbol.asyncIterator]().next()
    let isDone = false
    const calls = Promise.all([chain.commit(hotkey('a').signer, Uint8Array.of(7)), late.block()]).then((said) => {
      isDone = true
      return said
    })
    for (let turns = 0; turns < 10_000; turns++) await setImmediate()
    expect(isDone).toBe(false)
    other.exec('rollback')
    expect((await calls)[1]).toMatchObject({ number: 2 })
    expect((await late.metagraph()).neurons[0]?.commitment).toEqual(Uint8Array.of(7))
    clock.advance(blockMs)
    expect(await heard).toMatchObject({ value: { number: 3 } })
  })

  test('ends its listeners when it is closed, and says so when it is used afterwards', async () => {
    const chain = open(freshPath(), { clock: manualClock() })
    const next = chain.onBlock(new AbortController().signal)[Symbol.asyncIterator]().next()
    await chain[Symbol.asyncDispose]()
    expect(await next).toMatchObject({ done: true })
    await expect(chain.block()).rejects.toMatchObject({ code: 'invalid_argument' })
    await chain[Symbol.asyncDispose]()
  })

  test('refuses to go on with other parameters than it was started with, and names them', async () => {
    const path = freshPath()
    await open(path, { clock: manualClock() })[Symbol.asyncDispose]()
    expect(() => open(path, { clock: manualClock(), tempoBlocks: 360 })).toThrow(/tempoBlocks 20, not 360/)
    expect(() => open(path, { clock: manualClock(), stakeThreshold: 1n, netuid: 4 })).toThrow(/netuid 13, not 4; stakeThreshold 1000000000000, not 1/)
    expect(() => open(path, { clock: manualClock(), tempoBlocks: 0 })).toThrow(/tempoBlocks/)
  })
})
