import { expect, test } from 'vitest'
import type { Block, Chain, Signer } from '#schemas/chain.ts'

/** A subnet of its own, with no neuron in it but what the suite registers. */
export interface ChainWorld extends AsyncDisposable {
  chain: Chain
  /** The same chain through another connection, as another process has it. */
  other: Chain
  weightsRateLimitBlocks: number
  /** A fresh hotkey and the coldkey it belongs to. */
  hotkey(name: string): { signer: Signer; coldkey: string }
  /** Stake enough for weights and a permit. */
  endow(signer: Signer): Promise<void>
  /** Resolves when so many more blocks are there. */
  pass(blocks: number): Promise<void>
}

/** What every Chain must do. `make` gives a world whose permits follow the stake at once. */
export function chainSuite(make: () => Promise<ChainWorld>): void {
  test('counts blocks, each with a lasting hash and the time it began', async () => {
    await using world = await make()
    const first = await world.chain.block()
    await world.pass(3)
    const now = await world.chain.block()
    expect(now.number).toBeGreaterThanOrEqual(first.number + 3)
    expect(now.timestamp).toBeGreaterThan(first.timestamp)
    expect(now.hash).toMatch(/^0x[0-9a-f]{64}$/)
    expect(await world.other.block(first.number)).toEqual(first)
  })

  test('has no block of the future, nor one before the first', async () => {
    await using world = await make()
    const { number } = await world.chain.block()
    await expect(world.chain.block(number + 1000)).rejects.toMatchObject({ code: 'not_found' })
    for (const bad of [-1, 1.5, Number.NaN]) await expect(world.chain.block(bad)).rejects.toMatchObject({ code: 'invalid_argument' })
  })

  test('registers a hotkey once, with uids from 0 without gaps', async () => {
    await using world = await make()
    const [a, b] = [world.hotkey('a'), world.hotkey('b')]
    expect(await world.chain.register(a.signer, a.coldkey)).toBe(0)
    expect(await world.other.register(b.signer, b.coldkey)).toBe(1)
    expect(await world.chain.register(a.signer, a.coldkey)).toBe(0)
    const { neurons } = await world.other.metagraph()
    expect(neurons.map(({ uid, hotkey, coldkey }) => ({ uid, hotkey, coldkey }))).toEqual([
      { uid: 0, hotkey: a.signer.address, coldkey: a.coldkey },
      { uid: 1, hotkey: b.signer.address, coldkey: b.coldkey },
    ])
    expect(neurons[0]).toMatchObject({ lastUpdate: 0, axon: undefined, commitment: undefined, commitmentBlock: 0, weights: [], emission: 0n })
  })

  test('refuses a coldkey that is no address', async () => {
    await using world = await make()
    await expect(world.chain.register(world.hotkey('a').signer, 'nobody')).rejects.toMatchObject({ code: 'invalid_argument' })
    expect((await world.chain.metagraph()).neurons).toEqual([])
  })

  test('publishes an endpoint, and again only after a while', async () => {
    await using world = await make()
    const { signer, coldkey } = world.hotkey('a')
    await world.chain.register(signer, coldkey)
    await world.chain.serve(signer, { ip: '198.51.100.7', port: 8091 })
    await world.chain.serve(signer, { ip: '198.51.100.7', port: 8091 })
    expect((await world.other.metagraph()).neurons[0]?.axon).toEqual({ ip: '198.51.100.7', port: 8091 })
    await expect(world.chain.serve(signer, { ip: '198.51.100.7', port: 8092 })).rejects.toMatchObject({
      code: 'rate_limited',
      retryable: true,
      details: { reason: 'ServingRateLimitExceeded' },
    })
  })

  test('refuses an endpoint that cannot be reached or is none', async () => {
    await using world = await make()
    const { signer, coldkey } = world.hotkey('a')
    const reachable = { ip: '198.51.100.7', port: 8091 }
    await expect(world.chain.serve(signer, reachable)).rejects.toMatchObject({ details: { reason: 'HotKeyNotRegisteredInNetwork' } })
    await world.chain.register(signer, coldkey)
    await expect(world.chain.serve(signer, { ...reachable, port: 0 })).rejects.toMatchObject({ code: 'chain_refused', details: { reason: 'InvalidPort' } })
    for (const port of [-1, 65_536, 80.5]) await expect(world.chain.serve(signer, { ...reachable, port })).rejects.toMatchObject({ code: 'invalid_argument' })
    for (const ip of ['', 'localhost', '1.2.3'])
      await expect(world.chain.serve(signer, { ...reachable, ip })).rejects.toMatchObject({ code: 'invalid_argument' })
  })

  test('keeps the last commitment of a hotkey', async () => {
    await using world = await make()
    const { signer, coldkey } = world.hotkey('a')
    await expect(world.chain.commit(signer, Uint8Array.of(1))).rejects.toMatchObject({ code: 'chain_refused', details: { reason: 'AccountNotAllowedCommit' } })
    await world.chain.register(signer, coldkey)
    await world.chain.commit(signer, Uint8Array.of(1))
    await world.chain.commit(signer, new Uint8Array(128).fill(255))
    expect([...((await world.other.metagraph()).neurons[0]?.commitment ?? [])]).toEqual(Array.from({ length: 128 }, () => 255))
  })

  test('says in which block a commitment came, and what the metagraph was at the end of a block', async () => {
    await using world = await make()
    const { signer, coldkey } = world.hotkey('a')
    const empty = (await world.chain.block()).number
    await world.pass(1)
    await world.chain.register(signer, coldkey)
    const commitmentAt = async (block?: number) => {
      const { neurons } = await world.other.metagraph(block)
      return neurons.map(({ commitment, commitmentBlock }) => [commitment && [...commitment], commitmentBlock])
    }
    await world.pass(1)
    const first = (await world.chain.block()).number
    await world.chain.commit(signer, Uint8Array.of(1))
    const [, block] = (await commitmentAt())[0] ?? []
    // A chain may put it into a later block than the one in which it was given.
    expect(block).toBeGreaterThanOrEqual(first)
    await world.pass(2)
    await world.chain.commit(signer, Uint8Array.of(2))
    expect(await commitmentAt()).toEqual([[[2], expect.any(Number)]])
    expect(await commitmentAt(block as number)).toEqual([[[1], block]])
    expect(await commitmentAt(first - 1)).toEqual([[undefined, 0]])
    expect(await commitmentAt(empty)).toEqual([])
    expect(await world.other.metagraph(first)).toMatchObject({ block: first })
  })

  test('has no metagraph of the future', async () => {
    await using world = await make()
    const { number } = await world.chain.block()
    await expect(world.chain.metagraph(number + 1000)).rejects.toMatchObject({ code: 'not_found' })
    for (const bad of [-1, 1.5, Number.NaN]) await expect(world.chain.metagraph(bad)).rejects.toMatchObject({ code: 'invalid_argument' })
  })

  test.each([0, 129])('refuses a commitment of %i bytes', async (bytes) => {
    await using world = await make()
    const { signer, coldkey } = world.hotkey('a')
    await world.chain.register(signer, coldkey)
    await expect(world.chain.commit(signer, new Uint8Array(bytes))).rejects.toMatchObject({ code: 'invalid_argument' })
  })

  test('tells its genesis for ever, and what it asks of validators', async () => {
    await using world = await make()
    const { hash } = await world.chain.block(0)
    expect(hash).toMatch(/^0x[0-9a-f]{64}$/)
    await world.pass(2)
    expect(await world.other.block(0)).toMatchObject({ number: 0, hash })
    const hyperparameters = await world.chain.hyperparameters()
    expect(hyperparameters).toMatchObject({ weightsRateLimitBlocks: world.weightsRateLimitBlocks, versionKey: expect.any(Number) })
    const { tempoBlocks, minAllowedWeights, maxWeightLimit, activityCutoffBlocks, maxUids, immunityBlocks } = hyperparameters
    for (const count of [tempoBlocks, minAllowedWeights, maxWeightLimit, activityCutoffBlocks, maxUids, immunityBlocks]) expect(count).toBeGreaterThanOrEqual(0)
  })

  test('says when weights are set, and when they are not', async () => {
    await using world = await make()
    const { validator } = await subnetOfThree(world)
    const submitted = await world.chain.submitWeights(validator, { uids: [2, 1], values: [20, 5], versionKey: 0 })
    expect(submitted).toMatchObject({ uids: [2, 1], values: [20, 5], versionKey: 0 })
    expect(submitted.dueBlock).toBeGreaterThanOrEqual(submitted.block)
    expect(JSON.parse(JSON.stringify(submitted))).toEqual(submitted)
    const waiting = submitted.way === 'plain' ? [] : [{ hotkey: validator.address, block: submitted.block }]
    const { pendingWeights } = await world.other.metagraph()
    expect(pendingWeights.map(({ hotkey, block }) => ({ hotkey, block }))).toEqual(waiting)
    const other = { ...submitted, values: [20, 6] }
    expect(['pending', 'missing']).toContain(await world.chain.confirmWeights(validator, other))
    await world.pass(Math.max(0, submitted.dueBlock - (await world.chain.block()).number))
    expect(await world.other.confirmWeights(validator, submitted)).toBe('set')
    expect((await world.chain.metagraph()).pendingWeights).toEqual([])
  })

  test('takes weights of a validator and raises the largest to 65,535', async () => {
    await using world = await make()
    const { validator } = await subnetOfThree(world)
    await world.chain.submitWeights(validator, { uids: [2, 1], values: [20, 5], versionKey: 0 })
    const [neuron] = (await world.other.metagraph()).neurons
    expect(neuron?.weights).toEqual([
      { uid: 2, value: 65_535 },
      { uid: 1, value: 16_384 },
    ])
    expect(neuron?.lastUpdate).toBeGreaterThan(0)
  })

  test('takes weights again only after the rate limit', async () => {
    await using world = await make()
    const { validator } = await subnetOfThree(world)
    const submission = { uids: [1], values: [1], versionKey: 0 }
    await world.chain.submitWeights(validator, submission)
    await expect(world.other.submitWeights(validator, submission)).rejects.toMatchObject({
      code: 'rate_limited',
      retryable: true,
      details: { reason: 'SettingWeightsTooFast' },
    })
    await world.pass(world.weightsRateLimitBlocks)
    await world.other.submitWeights(validator, { ...submission, uids: [2] })
    expect((await world.chain.metagraph()).neurons[0]?.weights).toEqual([{ uid: 2, value: 65_535 }])
  })

  test.each([
    ['lists of two lengths', { uids: [1, 2], values: [1] }, 'WeightVecNotEqualSize'],
    ['more uids than neurons', { uids: [0, 1, 2, 3, 4], values: [1, 1, 1, 1, 1] }, 'UidsLengthExceedUidsInSubNet'],
    ['a uid twice', { uids: [1, 1], values: [1, 2] }, 'DuplicateUids'],
    ['a uid nobody has', { uids: [1, 9], values: [1, 2] }, 'UidVecContainInvalidOne'],
    ['no weights', { uids: [], values: [] }, 'WeightVecLengthIsLow'],
  ])('refuses %s', async (_, { uids, values }, reason) => {
    await using world = await make()
    const { validator } = await subnetOfThree(world)
    const submitted = world.chain.submitWeights(validator, { uids, values, versionKey: 0 })
    await expect(submitted).rejects.toMatchObject({ code: 'chain_refused', retryable: false, details: { reason } })
    expect((await world.chain.metagraph()).neurons[0]).toMatchObject({ weights: [], lastUpdate: 0 })
  })

  test.each([{ values: [65_536] }, { values: [-1] }, { values: [0.5] }])('refuses weights that are no u16: %o', async ({ values }) => {
    await using world = await make()
    const { validator } = await subnetOfThree(world)
    await expect(world.chain.submitWeights(validator, { uids: [1], values, versionKey: 0 })).rejects.toMatchObject({ code: 'invalid_argument' })
  })

  test('refuses weights of a stranger and of a neuron without stake', async () => {
    await using world = await make()
    const { miner } = await subnetOfThree(world)
    const submission = { uids: [1], values: [1], versionKey: 0 }
    const stranger = world.hotkey('stranger').signer
    await expect(world.chain.submitWeights(stranger, submission)).rejects.toMatchObject({ details: { reason: 'HotKeyNotRegisteredInSubNet' } })
    await expect(world.chain.submitWeights(miner, submission)).rejects.toMatchObject({ details: { reason: 'NotEnoughStakeToSetWeights' } })
  })

  test('tells of each new block once, in order, until it is told to stop', async () => {
    await using world = await make()
    const stop = new AbortController()
    const blocks = world.chain.onBlock(stop.signal)[Symbol.asyncIterator]()
    const before = await world.chain.block()
    const seen: Block[] = []
    for (let i = 0; i < 3; i++) {
      const next = blocks.next()
      await world.pass(1)
      const { value, done } = await next
      if (!done) seen.push(value)
    }
    expect(seen.map(({ number }) => number)).toEqual([1, 2, 3].map((n) => before.number + n))
    expect(seen[1]).toEqual(await world.other.block(before.number + 2))
    const last = blocks.next()
    stop.abort()
    expect(await last).toMatchObject({ done: true })
  })

  test('gives a slow listener the blocks it missed', async () => {
    await using world = await make()
    const stop = new AbortController()
    const { number } = await world.chain.block()
    const blocks = world.chain.onBlock(stop.signal)
    await world.pass(3)
    const seen: number[] = []
    for await (const block of blocks) if (seen.push(block.number) === 3) stop.abort()
    expect(seen).toEqual([number + 1, number + 2, number + 3])
  })
}

/** A validator at uid 0 and two miners. */
async function subnetOfThree(world: ChainWorld): Promise<{ validator: Signer; miner: Signer }> {
  const [validator, miner, second] = [world.hotkey('validator'), world.hotkey('miner'), world.hotkey('second')]
  await world.endow(validator.signer)
  for (const { signer, coldkey } of [validator, miner, second]) await world.chain.register(signer, coldkey)
  return { validator: validator.signer, miner: miner.signer }
}
