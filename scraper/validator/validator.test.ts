import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { sha256Hex } from '#schemas/canonical-json.ts'
import type { Document } from '#schemas/document.ts'
import { OrreryError } from '#schemas/errors.ts'
import { contentId } from '#schemas/identity/content-id.ts'
import { minhash } from '#schemas/identity/minhash.ts'
import { similarity } from '#schemas/identity/signature.ts'
import { publishFiles, publishForged, putFile } from '#test/adversary/forger.ts'
import { job, openScene, type Scene } from '#test/adversary/scene.ts'
import { rowsOf } from '../shard/snapshot.fixture.ts'
import { sitePages } from '#test/adversary/site-pages.ts'
import { blockMs } from '#test/adversary/subnet.ts'
import { openRowBook } from './row-book/row-book.ts'
import { takeInAll, type TakeInBounds } from './take-in.ts'
import { TurnOrder } from './take-turn.ts'

let scene: Scene
beforeEach(async () => {
  scene = await openScene()
})
afterEach(() => scene[Symbol.asyncDispose]())

describe('an honest miner', () => {
  test('passes, earns credibility, and gets weights on chain', async () => {
    await scene.mineHonestly(scene.miner, scene.rows(scene.miner, 60))
    const second = await scene.subnet.join('miner-2')
    await scene.mineHonestly(second, scene.rows(second, 50, { from: 500 }))
    const { miners, weights } = await scene.validate()
    expect(miners.map(({ passed, failures }) => [passed, failures])).toEqual([
      [true, []],
      [true, []],
    ])
    for (const { credibility, raw, score } of miners) expect([credibility, raw > 0, score > 0]).toEqual([0.15, true, true])
    expect(weights).toMatchObject({ accepted: true, uids: [1, 2] })
    expect(Math.max(...weights.values)).toBe(65_535)
    const neurons = (await scene.subnet.chain.metagraph()).neurons
    expect(neurons[0]?.weights.map(({ value }) => value)).toEqual(weights.values)
    expect(scene.subnet.events.filter(({ name }) => name === 'validator.miner')).toHaveLength(2)
    expect((await scene.validate()).miners[0]?.credibility).toBeCloseTo(0.15 + 0.85 * 0.15, 9)
  })

  test('is neither paid nor punished for pages we cannot reach', async () => {
    await scene.mineHonestly(scene.miner, scene.rows(scene.miner, 60))
    const before = (await scene.validate(undefined, 0)).miners[0]
    const after = (await scene.validate(async () => ({ state: 'unfetchable', reason: 'timeout' }))).miners[0]
    expect(after).toMatchObject({ passed: true, credibility: before?.credibility, raw: before?.raw, score: before?.score })
    const mostly = await scene.validate(async (uri, signal) => (uri.endsWith('1') ? { state: 'unfetchable', reason: 'timeout' } : scene.refetch(uri, signal)))
    expect(mostly.miners[0]?.passed).toBe(true)
  })

  test('passes with a page in five changed or gone, and with small differences of text', async () => {
    const documents = scene.rows(scene.miner, 60)
    await scene.mineHonestly(scene.miner, documents)
    for (const document of documents) {
      const text = `${document.text} Read 7 comments.`
      scene.web.set(document.uri, { ...document, text, id: contentId(text), minhash: minhash(text) })
    }
    for (const document of documents.filter((_, n) => n % 12 === 0)) scene.web.delete(document.uri)
    expect(await scene.failures()).toEqual([])
  })

  test('passes when it cut what all pages of its hosts repeat, most of each page though that is', async () => {
    const pages = sitePages(scene.rows(scene.miner, 60))
    for (const page of pages) scene.web.set(page.uri, page)
    await scene.mineHonestly(scene.miner, pages.slice(0, 30))
    await scene.mineHonestly(scene.miner, pages.slice(30))
    expect(await scene.failures()).toEqual([])
    const rows = await rowsOf(scene.subnet, scene.miner.address)
    expect(rows).toHaveLength(60)
    const like = rows.filter((row) => similarity(row.minhash, minhash(scene.web.get(row.uri)?.text ?? '')) >= 0.8)
    expect(like).toHaveLength(new Set(rows.map(({ host }) => host)).size)
  })

  test('loses credibility when its commitment leads nowhere', async () => {
    await scene.mineHonestly(scene.miner, scene.rows(scene.miner, 60))
    const before = (await scene.validate()).miners[0]
    await scene.subnet.chain.commit(scene.miner, new Uint8Array(32))
    const after = (await scene.validate()).miners[0]
    expect(after).toMatchObject({ passed: false, raw: before?.raw, failures: [{ code: 'index_missing' }] })
    expect(after?.credibility).toBeCloseTo(0.85 * 0.15, 9)
    expect(after?.standing?.store).toEqual({ credibility: expect.closeTo(0.7 * 0.37, 9), effective_bytes: before?.standing?.store.effective_bytes })
    expect(after?.score).toBeLessThan(0.5 * (before?.score ?? 0))
  })
})

/** Keys of data files that are read from now on. */
function dataRead(): Set<string> {
  const { store } = scene.subnet
  const { get } = store
  const read = new Set<string>()
  store.get = async (key, range) => {
    if (key.startsWith('data/')) read.add(key)
    return get(key, range)
  }
  return read
}

describe('what is read of a claim', () => {
  test('is each file once, and of those that are known the rows drawn', async () => {
    const parts = [0, 1, 2, 3, 4].map((n) => putFile(scene.subnet, scene.miner, job.id, { documents: scene.rows(scene.miner, 40, { from: 40 * n }) }))
    const files = await Promise.all(parts)
    await publishFiles(scene.subnet, scene.miner, job.id, files)
    expect(await scene.failures()).toEqual([])
    const read = dataRead()
    expect((await scene.validate(undefined, 2)).miners[0]?.passed).toBe(true)
    expect(read.size).toBeLessThanOrEqual(2)
    read.clear()
    const more = await putFile(scene.subnet, scene.miner, job.id, { documents: scene.rows(scene.miner, 40, { from: 200 }) })
    await publishFiles(scene.subnet, scene.miner, job.id, [...files, more])
    expect((await scene.validate(undefined, 0)).miners[0]?.failures).toEqual([])
    expect([...read].toSorted()).toEqual([more.file.key, more.file.row_list?.key].toSorted())
  })

  test('with wrong rows fails by the first that is drawn, until they are gone', async () => {
    const documents = scene.rows(scene.miner, 240)
    const wrong = documents.map((row, n) => (n % 4 === 0 ? { ...row, text_bytes: 1 } : row))
    await publishForged(scene.subnet, scene.miner, job.id, { documents: wrong })
    for (let round = 0; round < 2; round++) expect(await scene.failures()).toEqual(['text_bytes'])
    await publishForged(scene.subnet, scene.miner, job.id, { documents })
    expect(await scene.failures()).toEqual([])
  })

  test('and of who is no miner any more nothing is kept', async () => {
    await publishForged(scene.subnet, scene.miner, job.id, { documents: scene.rows(scene.miner, 60) })
    await scene.validate()
    const folder = join(scene.subnet.dir, 'validator')
    const standing = await readdir(folder)
    await mkdir(join(folder, sha256Hex('5Former').slice(0, 32)))
    await scene.validate()
    expect(await readdir(folder)).toEqual(standing)
  })

  test('of a miner that deletes and compacts honestly passes, and its rows stay its own', async () => {
    const documents = scene.rows(scene.miner, 60)
    const [older, newer] = [documents.slice(0, 30), documents.slice(30)]
    await publishFiles(scene.subnet, scene.miner, job.id, [
      await putFile(scene.subnet, scene.miner, job.id, { documents: older }),
      await putFile(scene.subnet, scene.miner, job.id, { documents: newer }),
    ])
    expect(await scene.failures()).toEqual([])
    scene.subnet.pace.advance(1000 * blockMs)
    // A page that was taken back, and one that changed.
    const changed = { ...scene.rows(scene.miner, 1, { from: 300 })[0], uri: documents[1]?.uri, url: documents[1]?.url, host: documents[1]?.host } as Document
    scene.web.set(changed.uri, changed)
    const deleting = { documents: older, deletes: [0, 1] }
    await publishFiles(scene.subnet, scene.miner, job.id, [
      await putFile(scene.subnet, scene.miner, job.id, deleting),
      await putFile(scene.subnet, scene.miner, job.id, { documents: newer }),
      await putFile(scene.subnet, scene.miner, job.id, { documents: [changed] }),
    ])
    expect(await scene.failures()).toEqual([])
    scene.subnet.pace.advance(blockMs)
    const thief = await scene.subnet.join('miner-2')
    await publishForged(scene.subnet, thief, job.id, { documents: documents.map((row) => ({ ...row, hotkey: thief.address })) })
    scene.subnet.pace.advance(blockMs)
    await publishForged(scene.subnet, scene.miner, job.id, { documents: [changed, ...documents.slice(2)] })
    const { miners } = await scene.validate()
    const of = (address: string) => miners.find(({ hotkey }) => hotkey === address)
    expect([of(scene.miner.address)?.failures, of(thief.address)?.failures]).toEqual([[], []])
    // But for the two that their owner shows no more.
    expect(of(thief.address)?.raw).toBeLessThan(0.05 * (of(scene.miner.address)?.raw ?? 0))
  })

  test('cut off at any read of the store is the same in the next round', async () => {
    const parts = [0, 1, 2].map((n) => putFile(scene.subnet, scene.miner, job.id, { documents: scene.rows(scene.miner, 30, { from: 30 * n }), deletes: [n] }))
    await publishFiles(scene.subnet, scene.miner, job.id, await Promise.all(parts))
    const { store } = scene.subnet
    const { get } = store
    const roundOf = async (reads: number) => {
      let left = reads
      store.get = async (key, range) => {
        if (left-- <= 0) throw new OrreryError('store_unavailable', 'The store is away.')
        return get(key, range)
      }
      const before = scene.subnet.events.length
      const [miner] = (await scene.validate()).miners
      return { miner, isCutOff: scene.subnet.events.slice(before).some(({ name }) => name === 'validator.miner_skipped') }
    }
    let [cutOff, last] = [0, await roundOf(1)]
    for (; last.isCutOff; cutOff++) last = await roundOf(3 + 2 * cutOff)
    expect(last.miner).toMatchObject({ passed: true, failures: [] })
    expect(cutOff).toBeGreaterThan(3)
  })

  test('comes in turns: a small one is in after a turn of each larger one, and those go on where they stopped', async () => {
    const { subnet } = scene
    const claim = async (name: string, count: number, from: number) => {
      const signer = await subnet.join(name)
      const files = Array.from({ length: count }, (_, n) => putFile(subnet, signer, job.id, { documents: scene.rows(signer, 20, { from: from + 20 * n }) }))
      await publishFiles(subnet, signer, job.id, await Promise.all(files))
      subnet.pace.advance(blockMs)
      return signer.address
    }
    const large = [await claim('large-1', 10, 1000), await claim('large-2', 10, 2000), await claim('large-3', 10, 3000)]
    const small = await claim('small', 1, 4000)
    const { neurons, block } = await subnet.chain.metagraph()
    const { signal } = new AbortController()
    let requests = 0
    const [lists, pace] = [[] as string[], { now: () => requests }]
    const store = {
      head: (key: string) => ((requests += 1), subnet.store.head(key)),
      get: (key: string, range?: { start: number; end: number }) => {
        requests += 1
        if (key.endsWith('.rows')) lists.push(key)
        return subnet.store.get(key, range)
      },
    }
    const cyclesUntilIn = async (hotkeys: readonly string[], bounds: TakeInBounds) => {
      await using book = openRowBook(join(subnet.dir, `book-${requests}`, 'found.sqlite'))

      const order = { taking: new TurnOrder(), settling: new TurnOrder() }
      const claimed = neurons.filter(({ commitment }) => commitment !== undefined)
      for (let cycle = 1; ; cycle++) {
        const before = requests
        const taken = await takeInAll(claimed, { block }, { ...subnet, store, book, pace, order, bounds, signal })
        const isIn = hotkeys.every((hotkey) => !('skipped' in (taken.get(hotkey) ?? { skipped: '' })))
        if (isIn || cycle > 40) return { cycle, requests: requests - before, settled: (await book.unsettled(block)).length === 0 }
      }
    }
    const bytes = { firstTurnBytes: 200 << 10, lastTurnBytes: 200 << 10, takeMs: Infinity, settleMs: Infinity }
    expect(await cyclesUntilIn([small], bytes)).toMatchObject({ cycle: 1 })
    lists.length = 0
    const all = await cyclesUntilIn([...large, small], bytes)
    expect(all.cycle).toBeGreaterThan(1)
    expect(all.settled).toBe(true)
    // Of each file once.
    expect([lists.length, new Set(lists).size]).toEqual([31, 31])
    // Whoever was passed over by the clock is the first of the next cycle.
    const time = { ...bytes, takeMs: 30 }
    const late = await cyclesUntilIn([small], time)
    expect(late.cycle).toBeLessThanOrEqual(large.length + 1)
    expect(late.requests).toBeLessThan(100)
    expect((await cyclesUntilIn(large, time)).cycle).toBeLessThan(30)
  })

  test('is begun anew where what was found is lost', async () => {
    await publishForged(scene.subnet, scene.miner, job.id, { documents: scene.rows(scene.miner, 60) })
    const { miners } = await scene.validate()
    const folder = join(scene.subnet.dir, 'validator')
    for (const entry of await readdir(folder)) {
      await rm(join(folder, entry), { recursive: true })
      const again = (await scene.validate()).miners[0]
      expect([again?.failures, again?.raw]).toEqual([[], miners[0]?.raw])
    }
  })
})
