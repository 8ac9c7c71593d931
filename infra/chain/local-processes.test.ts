import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, expect, test } from 'vitest'
import { systemClock } from '#infra/clock.ts'
import { developmentKey } from './key-file.ts'
import { localChain } from './local.ts'

const root = mkdtempSync(join(tmpdir(), 'orrery-chain-processes-'))
afterAll(() => rmSync(root, { recursive: true }))

const repository = new URL('../..', import.meta.url).pathname
/** Blocks of a minute: neither an epoch nor a rate limit falls into a test. */
const parameters = { netuid: 13, blockMs: 60_000, tempoBlocks: 60_000, weightsRateLimitBlocks: 5, faucet: true }
const open = (path: string) => localChain(path, { ...parameters, clock: systemClock() })

/** A process of its own with `chain`, `path`, `name` and `key(name)` at hand. */
function start(path: string, name: string, body: string): ChildProcessWithoutNullStreams {
  const program = `
    import { localChain } from '#infra/chain/local.ts'
    import { developmentKey } from '#infra/chain/key-file.ts'
    import { systemClock } from '#infra/clock.ts'
    const [path, name] = process.argv.slice(1)
    const key = (name) => developmentKey(name).signer
    const chain = localChain(path, { ...${JSON.stringify(parameters)}, clock: systemClock() })
    ${body}
    await chain[Symbol.asyncDispose]()`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, path, name], { cwd: repository })
  child.stderr.pipe(process.stderr)
  return child
}

test('several processes start one chain and register and set weights on it at once', async () => {
  const path = join(root, 'shared', 'chain.db')
  const body = `
    await chain.faucet(key(name), 2_000_000_000_000n)
    const uid = await chain.register(key(name), key(name).address)
    for (let i = 1; i <= 10; i++) await chain.faucet(key('shared'), BigInt(i))
    await chain.register(key('shared'), key('shared').address)
    await chain.submitWeights(key(name), { uids: [0], values: [1], versionKey: 0 })`
  const names = ['a', 'b', 'c']
  const children = names.map((name) => start(path, name, body))
  const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0] as number | null))
  expect(codes).toEqual([0, 0, 0])

  await using chain = open(path)
  const { neurons } = await chain.metagraph()
  expect(neurons.map(({ uid }) => uid)).toEqual([0, 1, 2, 3])
  expect(neurons.map(({ hotkey }) => hotkey).toSorted()).toEqual([...names, 'shared'].map((name) => developmentKey(name).signer.address).toSorted())
  const validators = neurons.filter(({ validatorPermit }) => validatorPermit)
  expect(validators.map(({ weights }) => weights)).toEqual(names.map(() => [{ uid: 0, value: 65_535 }]))
  // 30 calls of the faucet and one registration, each with a nonce of its own.
  expect((await chain.signingContext(developmentKey('shared').signer.address)).nonce).toBe(31)
})

test('kill -9 loses no call that was acknowledged', async () => {
  const path = join(root, 'killed', 'chain.db')
  const body = `
    await chain.register(key(name), key(name).address)
    for (let i = 1; ; i++) {
      await chain.faucet(key(name), BigInt(i))
      console.log(i)
    }`
  const { signer } = developmentKey('a')
  for (const acknowledgements of [1, 20]) {
    const child = start(path, 'a', body)
    const exited = once(child, 'exit')
    let acknowledged = 0
    for await (const line of createInterface(child.stdout)) {
      acknowledged = Number(line)
      if (acknowledged === acknowledgements) child.kill('SIGKILL')
    }
    await exited
    await using chain = open(path)
    const [neuron] = (await chain.metagraph()).neurons
    expect(neuron?.hotkey).toBe(signer.address)
    expect(neuron?.stake).toBeGreaterThanOrEqual(BigInt(acknowledged))
    await chain.commit(signer, Uint8Array.of(acknowledgements))
  }
})
