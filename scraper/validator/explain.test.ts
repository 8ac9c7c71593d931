import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Document } from '#schemas/document.ts'
import { contentId } from '#schemas/identity/content-id.ts'
import { minhash } from '#schemas/identity/minhash.ts'
import { openScene, type Scene } from '#test/adversary/scene.ts'
import { prose } from '#test/golden/documents.ts'
import { explain, type Explanation } from './explain.ts'
import { explanationText } from './explain-text.ts'

let scene: Scene
beforeEach(async () => {
  scene = await openScene()
})
afterEach(() => scene[Symbol.asyncDispose]())

const explained = (hotkey = scene.miner.address): Promise<Explanation> => {
  const { catalog, dir, facts } = scene.subnet
  return explain(hotkey, 50, { folder: join(dir, 'validator'), validator: scene.validator.address, catalog, now: facts.now() })
}
const another = (page: Document, n: number): Document => {
  const text = `\u001B[31m${prose(7000 + n)}`
  return { ...page, text, id: contentId(text), minhash: minhash(text), text_bytes: Buffer.byteLength(text), etag: null, last_modified: null, modified_at: null }
}

test('a miner is explained page by page: what its row says, what was found, and why that decides', async () => {
  const rows = scene.rows(scene.miner, 60)
  await scene.mineHonestly(scene.miner, rows)
  for (const [n, page] of rows.entries()) if (n % 3 > 0) scene.web.set(page.uri, another(page, n))
  await scene.validate()
  const found = await explained()
  expect(found).toMatchObject({
    hotkey: scene.miner.address,
    score: { passed: false, failures: [{ code: 'page_contradicted' }] },
    verdict: { passed: false, failures: ['page_contradicted'], pages: { sampled: 20 } },
    doubt: { judged: 20, contradictedFails: 2 },
  })
  expect(found.rows).toHaveLength(20)
  const wrong = found.rows.find(({ verdict }) => verdict === 'contradicted')
  const row = rows.find(({ uri }) => uri === wrong?.uri)
  expect(wrong).toMatchObject({
    reason: 'text',
    evidence: { proof: 'bytes', said: { title: row?.title, text: row?.text.slice(0, 200) }, found: { etag: null } },
  })
  const head = await scene.subnet.catalog.head({ name: 'desirability', kind: 'desirability', former: [] })
  expect(wrong?.evidence?.list).toBe(head?.sha256)

  const text = explanationText(found, 120)
  expect(text).toContain(`${scene.miner.address}: failed`)
  expect(text).toContain('page_contradicted: pages prove rows wrong')
  expect(text).toMatch(/^score 0\.00000 = \(index 0\.00000 \+ store 0\.00000 \+ on demand 0\.00000\) × 0\.05 until \d+ pages were looked at \(0 so far\)$/m)
  expect(text).toContain(`text of the row: ${row?.text.slice(0, 50)}`)
  // What pages hold is shown, and does nothing to a terminal.
  expect(text).toContain('text of the page: ·[31m')
  expect(text).not.toContain('\u001B')
})

test('of whom nothing is known nothing is said', async () => {
  await expect(explained()).rejects.toMatchObject({ code: 'not_found' })
  await scene.mineHonestly(scene.miner, scene.rows(scene.miner, 60))
  await scene.validate()
  await expect(explained('5Nobody')).rejects.toMatchObject({ code: 'not_found', message: expect.stringContaining('5Nobody') })
  const known = await explained()
  expect(explanationText({ ...known, rows: [] }, undefined)).toContain('No page was looked at.')
  expect(explanationText(known, undefined)).toMatch(/credibility 0\.1500\n +store: 18000 effective bytes, credibility 0\.3700\n +on demand: boost 0\.00000,/)
  const { score } = known
  const unjudged = { ...known, score: score && { ...score, standing: score.standing && { ...score.standing, unjudged: 2 } } }
  expect(explanationText(unjudged, undefined)).toContain('too little could be judged 2 times in a row; from 3 on it falls')
})

test('of whom nothing could be judged yet no verdict is told', async () => {
  await scene.mineHonestly(scene.miner, scene.rows(scene.miner, 60))
  const up = await scene.subnet.join('miner-2')
  await scene.mineHonestly(up, scene.rows(up, 60, { from: 500 }))
  const silent = scene.rows(scene.miner, 60, { onWeb: false }).map(({ uri }) => uri)
  const isSilent = new Set(silent)
  await scene.validate(async (uri, ...rest) => (isSilent.has(uri) ? { state: 'unfetchable', reason: 'timeout' } : scene.refetch(uri, ...rest)))
  const text = explanationText(await explained(), undefined)
  expect(text).toContain(`${scene.miner.address}: not evaluated yet`)
})
