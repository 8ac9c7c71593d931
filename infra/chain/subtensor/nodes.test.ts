import { describe, expect, test } from 'vitest'
import { chainPlace } from '../../backends.ts'
import { Config } from '../../config/schema.ts'
import { chainStatus } from '../status.ts'
import { manualClock } from '#test/manual-clock.ts'
import { openListener } from '#test/site/listener.ts'
import { material } from '#test/subtensor/metadata.ts'
import { hotkeyOf, subtensorScene } from '#test/subtensor/scene.ts'
import { openWebSocketServer } from '#test/subtensor/websocket-server.ts'

const unusable = expect.objectContaining({ code: 'upstream_failed', retryable: true })

/** More than a message may have. */
const huge = ' '.repeat(17 * 2 ** 20)

describe.skipIf(!material)('nodes of a chain', () => {
  test('a node that says nothing, one that is none and one that nobody runs are left for the next', async () => {
    await using scene = await subtensorScene()
    await using silent = await openWebSocketServer(() => undefined)
    await using nonsense = await openWebSocketServer((_, peer) => peer.send('{"jsonrpc":"2.0","id":1,"result":{}}'))
    await using mute = await openListener()
    const endpoints = [silent.url, nonsense.url, `ws://127.0.0.1:${mute.port}`, 'ws://127.0.0.1:9', scene.node.url]
    await using chain = scene.open({ endpoints, callMs: 1500 })
    expect(await chain.block(0)).toMatchObject({ hash: material?.genesisHash })
    await using none = scene.open({ endpoints: endpoints.slice(0, 4), callMs: 50 })
    await expect(none.block()).rejects.toThrow(unusable)
  })

  test('messages name an endpoint without what a provider may have put into its URL', async () => {
    await using scene = await subtensorScene()
    await using none = scene.open({ endpoints: ['ws://name:s3cret@127.0.0.1:9/s3cret?key=s3cret'], callMs: 500 })
    const failed = await none.block().catch((error: unknown) => error)
    expect([String(failed), JSON.stringify(failed)].join()).toMatch(/The connection to ws:\/\/127\.0\.0\.1:9 is gone/)
    expect([String(failed), JSON.stringify(failed)].join()).not.toContain('s3cret')
  })

  test('each question has its deadline', async () => {
    await using scene = await subtensorScene()
    await using chain = scene.open({ callMs: 1500 })
    await chain.block()
    scene.node.silent.add('state_call')
    await expect(chain.metagraph()).rejects.toThrow(unusable)
    scene.node.silent.clear()
    expect(await chain.metagraph()).toMatchObject({ netuid: 13, neurons: [] })
  })

  test('a node whose height stands still is left, one that comes on is kept', async () => {
    await using still = await subtensorScene()
    await using live = await subtensorScene()
    live.node.advance(3)
    const clock = manualClock(1000)
    await using chain = still.open({ endpoints: [still.node.url, live.node.url], clock, stallMs: 60_000 })
    expect(await chain.block()).toMatchObject({ number: 1 })
    clock.advance(59_000)
    expect(await chain.block()).toMatchObject({ number: 1 })
    clock.advance(2000)
    expect(await chain.block()).toMatchObject({ number: 4 })
    await using alone = still.open({ clock, stallMs: 60_000 })
    await alone.block()
    clock.advance(61_000)
    // There is no other: it is connected to anew, and has the time to show that it lives.
    expect(await alone.block()).toMatchObject({ number: 1 })
  })

  test('a connection that is cut is made again', async () => {
    await using scene = await subtensorScene()
    await scene.chain.block()
    scene.node.drop()
    expect(await scene.chain.metagraph()).toMatchObject({ netuid: 13 })
    const stop = new AbortController()
    const blocks = scene.chain.onBlock(stop.signal)[Symbol.asyncIterator]()
    const next = blocks.next()
    scene.node.drop()
    await scene.pass(1)
    expect((await next).value).toMatchObject({ number: 2 })
    stop.abort()
  })

  test('many callers that leave a node together move on to the next one', async () => {
    await using scene = await subtensorScene()
    await using good = await subtensorScene()
    await using chain = scene.open({ endpoints: [scene.node.url, good.node.url], callMs: 2000 })
    await chain.block()
    scene.node.silent.add('state_getStorage')
    await Promise.all(Array.from({ length: 8 }, () => chain.metagraph()))
    expect([scene, good].map(({ node }) => node.asked.get('system_health'))).toEqual([1, 1])
  })

  test.each([
    '',
    '{',
    'null',
    '{"jsonrpc":"2.0","id":"__proto__","result":1}',
    '{"method":"x","params":null}',
    '{"id":2,"error":{"message":{"toString":1}}}',
    huge,
  ])('a node that sends nonsense costs its connection at most: %.40s', async (nonsense) => {
    await using scene = await subtensorScene()
    await using hostile = await openWebSocketServer((_, peer) => peer.send(nonsense))
    await using chain = scene.open({ endpoints: [hostile.url, scene.node.url], callMs: 2000 })
    expect(await chain.block(0)).toMatchObject({ hash: material?.genesisHash })
  })

  test('a node of another chain, and one that has not caught up, are none of this one’s', async () => {
    await using scene = await subtensorScene()
    await using other = await subtensorScene({}, { genesisSalt: 1 })
    await using behind = await subtensorScene()
    behind.node.syncing = true
    await using chain = scene.open({ endpoints: [behind.node.url, scene.node.url, other.node.url] })
    expect(await chain.block(0)).toMatchObject({ hash: material?.genesisHash })
    scene.node.syncing = true
    scene.node.drop()
    await expect(chain.block()).rejects.toThrow(/another chain/)
  })

  test('callers that come together make one connection', async () => {
    await using scene = await subtensorScene()
    await Promise.all(Array.from({ length: 8 }, () => scene.chain.metagraph()))
    expect(scene.node.asked.get('system_health')).toBe(1)
    // The metadata, and the subnet.
    expect(scene.node.asked.get('state_call')).toBe(2)
  })

  test('states of blocks that a node has no more are not found, but their hashes and times are', async () => {
    await using scene = await subtensorScene()
    const signer = hotkeyOf('early')
    await scene.chain.register(signer, signer.address)
    const { number } = await scene.chain.block()
    const before = await scene.chain.block(number)
    await scene.pass(20)
    scene.node.prunedBelow = number + 10
    await using archive = await subtensorScene()
    archive.node.advance(number)
    await using chain = scene.open()
    await expect(chain.metagraph(number)).rejects.toMatchObject({ code: 'not_found' })
    expect(await chain.block(number)).toMatchObject({ number, hash: before.hash, timestamp: before.timestamp })
    expect(await chain.metagraph(number + 10)).toMatchObject({ block: number + 10 })
    await using both = scene.open({ endpoints: [scene.node.url, archive.node.url] })
    await both.block()
    expect(await both.metagraph(number - 1)).toMatchObject({ block: number - 1 })
    scene.node.withoutBodies = true
    await using bare = scene.open()
    await expect(bare.block(number)).rejects.toMatchObject({ code: 'not_found' })
  })

  test('the setting chooses it, and its status is shown', async () => {
    await using scene = await subtensorScene()
    const signer = hotkeyOf('one')
    await scene.chain.register(signer, signer.address)
    const config = Config.parse({ chain: { kind: 'subtensor', endpoints: [scene.node.url] } })
    const { path, open } = chainPlace(config)
    expect(path).toBeUndefined()
    await using chain = await open()
    expect(await chainStatus(chain)).toMatchObject({ netuid: 13, block: 2, genesis: material?.genesisHash, neurons: [{ uid: 0 }] })
  })

  test('what is closed is closed', async () => {
    await using scene = await subtensorScene()
    const chain = scene.open()
    const stop = new AbortController()
    const blocks = chain.onBlock(stop.signal)[Symbol.asyncIterator]()
    const next = blocks.next()
    await chain.block()
    await chain[Symbol.asyncDispose]()
    expect(await next).toMatchObject({ done: true })
  })
})
