import { expect, test } from 'vitest'
import type { Document } from '#schemas/document.ts'
import { contentId } from '#schemas/identity/content-id.ts'
import { minhash } from '#schemas/identity/minhash.ts'
import { prose } from '#test/golden/documents.ts'
import { openScene } from './scene.ts'
import { blockMs } from './subnet.ts'

const cycles = 100

/** The page after its owner wrote it anew. */
function rewritten(page: Document, n: number): Document {
  const text = prose(70_000 + n)
  const signs = { html_sha256: contentId(text), etag: null, last_modified: null, modified_at: null }
  return { ...page, ...signs, text, id: contentId(text), minhash: minhash(text), text_bytes: Buffer.byteLength(text) }
}

/** The restarts, the draws and the store are real: the validator is opened anew for each cycle. */
test('an honest miner that passes never falls over 100 cycles, while it grows and one page in twenty of its own changes', { timeout: 900_000 }, async () => {
  await using scene = await openScene()
  const { subnet, miner, web } = scene
  const other = await subnet.join('miner-2')
  await scene.mineHonestly(other, scene.rows(other, 100, { from: 50_000 }))
  let next = 0
  const grow = async (count: number): Promise<void> => {
    const rows = scene.rows(miner, count, { from: next })
    next += count
    await scene.mineHonestly(miner, rows)
    for (const [n, page] of rows.entries()) if (n % 20 === 7) web.set(page.uri, rewritten(page, next + n))
  }
  await grow(200)
  const scores: number[] = []
  for (let cycle = 0; cycle < cycles; cycle++) {
    const { miners } = await scene.validate()
    const found = miners.find(({ hotkey }) => hotkey === miner.address)
    expect(found).toMatchObject({ passed: true, failures: [] })
    expect(found?.score).toBeGreaterThanOrEqual((scores.at(-1) ?? 0) * (1 - 1e-12))
    scores.push(found?.score ?? 0)
    if (cycle % 7 === 3) await grow(30)
    subnet.pace.advance(30 * blockMs)
  }
  expect(scores.at(-1)).toBeGreaterThan(20 * (scores[0] ?? 0))
})
