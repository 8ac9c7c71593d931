import { mkdtempSync, rmSync } from 'node:fs'
import { folderCorpusIndex } from '#infra/corpus-index/corpus-index.ts'
import { addedRow, clustersOf, placeOf } from '#test/golden/corpus-rows.ts'
import { seededRandom } from '#test/seeded-random.ts'
import { createHash } from 'node:crypto'
const seed = Number(process.argv[2] ?? 1), steps = Number(process.argv[3] ?? 60)
const random = seededRandom(seed)
const folder = mkdtempSync('/tmp/hunt-')
let index = folderCorpusIndex(folder)
// families: base noise, walk: each next changes some rows of the former
const families: Uint8Array[] = []
const noise = (s: string) => new Uint8Array(createHash('shake256', { outputLength: 448 }).update(s).digest())
function signature(): Uint8Array {
  const r = random()
  if (families.length === 0 || r < 0.3) { const s = noise(`${random()}`); families.push(s); return s }
  const base = families[Math.floor(random() * families.length)] as Uint8Array
  if (r < 0.5) return base
  const s = base.slice(); const changes = Math.floor(random() * 40)
  for (let i = 0; i < changes; i++) s.set(noise(`${random()}`).subarray(0, 4), 4 * Math.floor(random() * 112))
  families.push(s); return s
}
const rows = new Map<number, any>(); let places = 0
for (let step = 0; step < steps; step++) {
  const ordinals = [...rows.keys()]
  const forget = ordinals.filter(() => random() < 0.15)
  const change = ordinals.filter((o) => !forget.includes(o) && random() < 0.1).map((ordinal) => { const live = random() < 0.5; const r = { ...rows.get(ordinal), state: live ? 'live' : 'shadowed', place: placeOf(places++) }; rows.set(ordinal, r); return { ordinal, state: r.state, place: r.place } })
  for (const o of forget) rows.delete(o)
  const n = Math.floor(random() * 60)
  const add = Array.from({ length: n }, (_, i) => addedRow(places, { signature: signature(), state: random() < 0.7 ? 'live' : 'shadowed', place: placeOf(places++), facts: { uri: `https://e.com/${places}`, id: createHash('sha256').update(`${seed} ${places}`).digest('hex') } }))
  // foretell
  const left = [...rows.values().map((r) => r.signature), ...add.map((a) => a.signature)]
  const told = (await index.near(left, forget)).filter((g) => g.members.length).map((g) => g.members)
  if (JSON.stringify(told) !== JSON.stringify(clustersOf(left))) { console.log('near without differs', seed, step); process.exit(1) }
  const partsBefore = await index.near([], forget)
  const got = await index.commit({ forget, change, add })
  got.forEach((o, i) => rows.set(o, add[i]))
  if (random() < 0.1) { await index[Symbol.asyncDispose](); index = folderCorpusIndex(folder) }
  const entries = [...rows]
  const clusters = clustersOf(entries.map(([, r]) => r.signature))
  for (const places of clusters) {
    const live = places.filter((at) => entries[at]![1].state === 'live').map((at) => entries[at]![0]).toSorted((a, b) => a - b)
    for (const at of places.slice(0, 3)) {
      const [g, ...o] = await index.near([entries[at]![1].signature])
      if (o.length || JSON.stringify(g!.live.map((r) => r.ordinal)) !== JSON.stringify(live)) { console.log('cluster differs', seed, step, at, live, g!.live.map((r) => r.ordinal)); process.exit(1) }
    }
  }
  const some = entries.filter(() => random() < 0.3)
  const ex = await index.exact(some.map(([, r]) => r.facts))
  some.forEach(([o, r], i) => { const want = r.state === 'live' ? o : undefined; if (ex[i]!.uri?.ordinal !== want || ex[i]!.text?.ordinal !== want) { console.log('exact differs', seed, step, o, r.state, ex[i]); process.exit(1) } })
  void partsBefore
}
const s = await index.stats(); console.log('ok', seed, rows.size, { ...s, files: s.files.length })
await index[Symbol.asyncDispose](); rmSync(folder, { recursive: true })
