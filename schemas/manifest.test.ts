import { describe, expect, test } from 'vitest'
import { canonicalJson } from './canonical-json.ts'
import { Manifest } from './manifest.ts'

const sha256 = 'ab'.repeat(32)
const signature = `0x${'cd'.repeat(64)}`
const origin = { code_version: '0.1.0', config_sha256: sha256 }
const shard = {
  kind: 'shard',
  parent: null,
  origin,
  hotkey: '5Abc',
  job_id: 'web-1',
  file: { key: 'data/x.parquet', sha256, bytes: 20_000, rows: 12 },
  written_at: '2026-01-02T03:04:05Z',
  datetime_range: { first: '2026-01-01T00:00:00Z', last: '2026-01-02T00:00:00Z' },
  labels: { 'example.org': 12 },
  duplicates: { exact: 1, near: 2, clusters: 1 },
  signature,
}
const file = { key: 'datasets/web/part-00000.parquet', sha256, bytes: 1, rows: 1 }

/** One of each kind. */
const examples = [
  shard,
  { kind: 'miner-index', parent: sha256, hotkey: '5Abc', shards: [shard], signature },
  { kind: 'cycle', parent: null, cycle: 1, desirability: sha256, targets: { web: 3 }, finished: false },
  {
    kind: 'cycle',
    parent: null,
    cycle: 2,
    desirability: sha256,
    targets: [
      ['__proto__', 0],
      ['web', 3],
    ],
    finished: false,
  },
  {
    kind: 'desirability',
    parent: null,
    jobs: [
      {
        id: 'web-1',
        weight: 1,
        params: { keyword: null, platform: 'web', label: 'web', post_start_datetime: null, post_end_datetime: null },
        web: { seeds: [], include: ['*'] },
      },
    ],
    evidence: [],
    caused_by: null,
  },
  { kind: 'scores', parent: null, block: 3, miners: [{ hotkey: '5Abc', credibility: 0.5, raw: 1, score: 1, index: null, passed: true, failures: [] }] },
  {
    kind: 'scores',
    parent: null,
    block: 3,
    cycle: 2,
    miners: [
      {
        hotkey: '5Abc',
        credibility: 0.5,
        raw: 1,
        score: 1,
        index: null,
        passed: true,
        failures: [],
        standing: {
          store: { credibility: 0.37, effective_bytes: 300 },
          on_demand: { credibility: 0.5, boost: 0, coverage: 1, cursor: 0 },
          looks: 20,
          unjudged: 0,
          parts: { index: 1, store: 2, on_demand: 0 },
        },
      },
    ],
  },
  { kind: 'dataset', parent: null, origin, name: 'web', sources: [sha256], files: [file], documents: 1, text_bytes: 9, labels: { web: 1 }, dropped: {} },
  { kind: 'turn', parent: null, turn: 1, step: 'started' },
]

describe('a manifest', () => {
  test.each(examples)('of kind $kind is taken, and comes back from its bytes', (example) => {
    expect(Manifest.parse(JSON.parse(canonicalJson(example)))).toEqual(example)
  })

  test.each(examples)('of kind $kind has no member too many, and a parent', (example) => {
    expect(Manifest.safeParse({ ...example, surprise: 1 }).success).toBe(false)
    expect(Manifest.safeParse({ ...example, parent: undefined }).success).toBe(false)
    expect(Manifest.safeParse({ ...example, parent: 'genesis' }).success).toBe(false)
  })

  test('of a shard is signed and says what it holds', () => {
    const refused = [
      { signature: '0x00' },
      { signature: undefined },
      { labels: { web: 0 } },
      { file: { ...shard.file, sha256: 'AB'.repeat(32) } },
      { kind: 'shards' },
    ]
    for (const wrong of refused) expect(Manifest.safeParse({ ...shard, ...wrong }).success).toBe(false)
  })
})
