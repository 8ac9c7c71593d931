import { mkdtempSync, rmSync } from 'node:fs'
import { folderCorpusIndex } from '#infra/corpus-index/corpus-index.ts'
import { addedRow, placeOf } from '#test/golden/corpus-rows.ts'
import { createHash } from 'node:crypto'
const noise = (s: string) => new Uint8Array(createHash('shake256', { outputLength: 448 }).update(s).digest())
const folder = mkdtempSync('/tmp/hunt-'); const index = folderCorpusIndex(folder)
let live: number[] = []; let n = 0; let worst = 0
const add = (c: number) => Array.from({ length: c }, () => { n++; return addedRow(n, { signature: noise(`${n}`), place: placeOf(n), facts: { id: createHash('sha256').update(`${n}`).digest('hex'), uri: `https://e.com/${n}` } }) })
for (let i = 0; i < 10; i++) live.push(...(await index.commit({ add: add(1000) })))
const base = 2048000
console.log('filled', ((await index.stats()).memoryBytes - base) / live.length)
for (let t = 0; t < 150; t++) {
  const forget = live.splice(0, 500); live.push(...(await index.commit({ forget, add: add(500) })))
  const s = await index.stats(); const per = (s.memoryBytes - base) / live.length; worst = Math.max(worst, per)
  if (t % 15 === 14) console.log(t, per.toFixed(1), (s.diskBytes / live.length).toFixed(0))
}
console.log('worst', worst); await index[Symbol.asyncDispose](); rmSync(folder, { recursive: true })
