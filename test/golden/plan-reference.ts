import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { canonicalJson } from '#schemas/canonical-json.ts'
import type { EpochManifest, Geometry } from '#schemas/epoch-manifest.ts'
import { findPython, runPython } from '#test/bench/python.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { seededRandom } from '#test/seeded-random.ts'
import { provenShards } from '#trainer-bridge/blocks/proven-shards.ts'
import { openTokenBlocks } from '#trainer-bridge/blocks/token-blocks.ts'
import { rowTokens } from '#trainer-bridge/plan/generation.ts'
import { goldenRun, type GoldenRun } from './run.ts'
import { tokenDataset } from './tokens.ts'

/** Everything that a batch can be made by. */
const geometries: Partial<Geometry>[] = [
  {},
  { rows: 3, next_token: true },
  { rows: 4, batch_sources: 'mixed' },
  { rows: 2, sequence_tokens: 24, next_token: true, validation_share: 0.2 },
  { rows: 3, sequence_tokens: 100, packing: 'best_fit' },
  { rows: 2, sequence_tokens: 70, packing: 'best_fit', next_token: true, batch_sources: 'mixed', validation_share: 0.1 },
]

const labels = ['web', 'docs', 'constructor', '__proto__', 'ä–\u{1f600}', 'x'.repeat(140)]

const shards = (deleted: number[]) => Object.fromEntries(labels.map((label, at) => [label, [{ tokens: 9000 + 700 * at, deleted }, 1500, 333]]))

/** Two epochs of a run: of the second, documents were deleted since and shards have joined. */
async function planned(geometry: Partial<Geometry>, n: number): Promise<{ run: GoldenRun; plans: EpochManifest[]; vocabulary: number }> {
  const run = goldenRun()
  const vocabulary = n % 2 === 0 ? 1000 : 100_000
  const settings = { geometry, weights: { web: 3, docs: 0.7, constructor: 1e-7 }, passes: 0, batchesMax: 400 }
  const request = { vocabulary, dtype: n % 2 === 0 ? 'u16' : 'u24', seed: n + 1 } as const
  const first = await run.next(tokenDataset({ ...request, strata: shards([]) }), 1, settings)
  const grown = { ...shards([1, 2, 30, 77, 100]), late: [{ tokens: 5000, since: 2, deleted: [3] }] }
  const second = await run.next(tokenDataset({ ...request, strata: grown }), 2, settings)
  return { run, plans: [first!, second!], vocabulary }
}

interface Comparison {
  compared: number
  /** Batches that are not the same, as text. */
  other: string[]
}

// By its own folder: the package around it wants NumPy, which not every Python has.
const script = `
import hashlib, json, pathlib, sys
sys.path.insert(0, sys.argv[2])
from reference import Batches
folder = pathlib.Path(sys.argv[1])
out = []
for name, wanted in json.loads((folder / "asked.json").read_text()):
    batches = Batches(json.loads((folder / name).read_text()), lambda key: (folder / key).read_bytes())
    out.append([[hashlib.sha256(batches.tokens(k)).hexdigest(), [[w.label, w.index] for w in batches[k].windows]] for k in wanted])
print(json.dumps(out))
`

/** Makes random batches here and by the Python reference. @returns undefined where there is no Python */
export async function compareWithReference(batches: number): Promise<Comparison | undefined> {
  const python = await findPython({ packages: ['json'], install: false })
  if (!python) return undefined
  const folder = await temporaryFolder()
  const random = seededRandom(11)
  const asked: [string, number[]][] = []
  const own: [string, [string, number][]][][] = []
  for (const [n, geometry] of geometries.entries()) {
    const { run, plans, vocabulary } = await planned(geometry, n)
    for (const [key, bytes] of run.objects) await put(join(folder, key), bytes)
    for (const [epoch, plan] of plans.entries()) {
      const name = `epoch-${n}-${epoch}.json`
      await put(join(folder, name), Buffer.from(canonicalJson(plan)))
      const wanted = Array.from({ length: Math.ceil(batches / (2 * geometries.length)) }, () => Math.floor(random() * plan.batches))
      asked.push([name, wanted])
      const made = await run.batches(plan)
      const store = { get: async (key: string, range?: { start: number; end: number }) => run.objects.get(key)!.slice(range?.start, range?.end) }
      const blocks = openTokenBlocks({
        batches: made,
        shards: provenShards(store),
        tokenizer: { ...plan.tokenizer, vocabulary },
        epoch,
        rows: plan.geometry.rows,
        rowTokens: rowTokens(plan.geometry),
        endOfText: plan.end_of_text,
      })
      const all: [string, [string, number][]][] = []
      for (const k of wanted) {
        const { windows } = await made.batch(k)
        all.push([(await blocks.block(k)).sha256, windows.map(({ label, index }) => [label, index])])
      }
      own.push(all)
    }
  }
  await put(join(folder, 'asked.json'), Buffer.from(JSON.stringify(asked)))
  const theirs = (await runPython(python, script, [folder, join(import.meta.dirname, '../../trainer-bridge/python/orrery_feed')])) as typeof own
  const other: string[] = []
  for (const [e, [name, wanted]] of asked.entries())
    for (const [i, k] of wanted.entries()) if (JSON.stringify(own[e]?.[i]) !== JSON.stringify(theirs[e]?.[i])) other.push(`${name} ${k}`)
  return { compared: own.reduce((sum, { length }) => sum + length, 0), other }
}

async function put(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, bytes)
}
