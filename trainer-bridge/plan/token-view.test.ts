import { expect, test } from 'vitest'
import type { CatalogEntry } from '#schemas/catalog.ts'
import { tokenDataset, type TokenDataset } from '#test/golden/tokens.ts'
import { recentLists, type ReadLists } from './lists.ts'
import { readTokenView } from './token-view.ts'

const entryOf = (version: number, ...datasets: TokenDataset[]): CatalogEntry<'token-version'> => {
  const { manifest, sha256 } = datasets[0] as TokenDataset
  const groups = datasets.flatMap((each, n) =>
    Array.isArray(each.manifest.groups) ? each.manifest.groups.map((group) => ({ ...group, job_id: `job-${n}` })) : [],
  )
  return { name: 'tokens/golden', kind: 'token-version', version, sha256, committedAt: 0, manifest: { ...manifest, groups } }
}

test('of a version of the tokens that follows another the lists that are new are read, and no other', async () => {
  const [first, second, third] = [1, 2, 3].map((seed) => tokenDataset({ strata: { a: [64 * seed, 64] }, seed })) as [TokenDataset, TokenDataset, TokenDataset]
  const objects = new Map([first, second, third].flatMap((each) => [...each.objects]))
  const store = { get: (key: string) => Promise.resolve(objects.get(key) ?? new Uint8Array()) }
  let read = 0
  const readList: ReadLists = (object, item) => {
    read++
    return recentLists(store)(object, item)
  }
  const before = await readTokenView({ store, readList }, entryOf(1, first, second))
  expect([read, before.current]).toEqual([2, [...first.shards, ...second.shards]])
  const after = await readTokenView({ store, readList, former: before }, entryOf(2, second, third))
  expect([read, after.current]).toEqual([3, [...second.shards, ...third.shards]])
  expect([...after.lists.keys()]).toHaveLength(2)
  expect(after.deletesOf(first.shards[0]?.shard.sha256 ?? '')).toBeUndefined()
  expect(after.deletesOf(third.shards[0]?.shard.sha256 ?? '')).toBeNull()
})
