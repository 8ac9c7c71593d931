import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { contentId } from '#schemas/identity/content-id.ts'
import { minhash } from '#schemas/identity/minhash.ts'
import { similarity } from '#schemas/identity/signature.ts'
import { lineage } from '#schemas/lineage.ts'
import { decodeDocuments } from '#schemas/parquet/decode.ts'
import { job, openScene, type Scene } from '#test/adversary/scene.ts'
import { sitePages } from '#test/adversary/site-pages.ts'

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
    const before = (await scene.validate()).miners[0]
    const after = (await scene.validate(async () => ({ state: 'unknown', reason: 'timeout' }))).miners[0]
    expect(after).toMatchObject({ passed: true, credibility: before?.credibility, raw: before?.raw, score: before?.score })
    const mostly = await scene.validate(async (uri, signal) => (uri.endsWith('1') ? { state: 'unknown', reason: 'timeout' } : scene.refetch(uri, signal)))
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
    const head = await scene.subnet.catalog.head(lineage.shard(scene.miner.address, job.id))
    const rows = await decodeDocuments(await scene.subnet.store.get(head?.manifest.file.key ?? ''))
    expect(rows).toHaveLength(60)
    const like = rows.filter((row) => similarity(row.minhash, minhash(scene.web.get(row.uri)?.text ?? '')) >= 0.8)
    expect(like).toHaveLength(new Set(rows.map(({ host }) => host)).size)
  })

  test('loses credibility when its commitment leads nowhere', async () => {
    await scene.mineHonestly(scene.miner, scene.rows(scene.miner, 60))
    await scene.validate()
    await scene.subnet.chain.commit(scene.miner, new Uint8Array(32))
    const { miners, weights } = await scene.validate()
    expect(miners[0]).toMatchObject({ passed: false, score: 0, failures: [{ code: 'index_missing' }] })
    expect(miners[0]?.credibility).toBeCloseTo(0.85 * 0.15, 9)
    expect(weights).toMatchObject({ uids: [], accepted: false })
  })
})
