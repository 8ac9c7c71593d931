import { expect, test } from 'vitest'
import { writeGroups } from '#infra/corpus/groups.ts'
import { canonicalJson, sha256Hex } from '#schemas/canonical-json.ts'
import { lineage } from '#schemas/lineage.ts'
import type { TokensGroup, VersionGroup } from '#schemas/manifest.ts'
import { testDocument } from '#test/golden/documents.ts'
import { goldenOrigin, groupsOf, putShard, shardWorld, tokensGroupsOf, type ShardWorld } from '#test/golden/shards.ts'
import { tokenize } from '../tokenize/tokenize.ts'
import { ingest } from './ingest.ts'
import { IngestMemory } from './memory.ts'

const { signal } = new AbortController()
const common = { parent: null, origin: goldenOrigin }
const [lists, tokenLists] = ['datasets/web/lists/', 'tokens/web/lists/']
const stored = (prefix: string, sha256: string) => ({ key: `${prefix}${sha256}.json`, sha256, bytes: 1500 })

/** A version and its tokens that say of so many jobs what they may say; what their lists hold is asked for by nobody here. */
async function putJobs({ store, catalog, encoders }: ShardWorld, jobs: number, form: 'tree' | 'former'): Promise<void> {
  const hotkey = '5'.repeat(48)
  const groups: VersionGroup[] = []
  const tokens: TokensGroup[] = []
  for (let job = 0; job < jobs; job++) {
    const job_id = `job-${String(job).padStart(6, '0')}`
    const source = sha256Hex(job_id)
    groups.push({ hotkey, job_id, snapshot: sha256Hex(source), list: stored(lists, source), files: 1, documents: 1, text_bytes: 900 })
    tokens.push({ hotkey, job_id, source, list: stored(tokenLists, source), shards: 1, tokens: 200, documents: 1 })
  }
  const counts = { documents: jobs, text_bytes: 900 * jobs, labels: [['old', jobs]] as [string, number][], dropped: [], gone: null }
  const { sha256: dataset } = await catalog.commit(lineage.dataset('web'), undefined, {
    ...common,
    ...counts,
    kind: 'version',
    name: 'web',
    cleaning: 1,
    ...(form === 'former' ? { groups } : { groups: await writeGroups(store, groups, { prefix: lists }), files: jobs }),
  })
  const { name, fingerprint, size: vocabulary } = await encoders.vocabulary()
  const totals = { shards: jobs, tokens: 200 * jobs, documents: jobs }
  await catalog.commit(lineage.tokens('web'), undefined, {
    ...common,
    kind: 'token-version',
    dataset,
    tokenizer: { name, fingerprint, vocabulary },
    ...(form === 'former' ? { groups: tokens } : { groups: await writeGroups(store, tokens, { prefix: tokenLists }), totals }),
    held: null,
  })
}

const bytesOf = async ({ store }: ShardWorld): Promise<number> => {
  let bytes = 0
  for (const prefix of ['datasets/', 'tokens/']) for await (const object of store.list(prefix)) bytes += object.bytes
  return bytes
}

/** A page of a new job, in the dataset and in its tokens. */
async function bring(world: ShardWorld, memory: IngestMemory, n: number) {
  await putShard(world, { signer: await world.signer('a'), jobId: `new-${n}`, documents: [testDocument(n)] })
  const { entry } = await ingest({ ...world, name: 'web', origin: goldenOrigin, signal, memory })
  const tokens = await tokenize({ ...world, name: 'web', origin: goldenOrigin, signal })
  if (entry?.kind !== 'version' || !tokens.entry) throw new Error('nothing came')
  return { entry, tokens: tokens.entry }
}

/** As if index and head had been compared: the index knows nothing of made-up jobs. */
function comparedMemory(): IngestMemory {
  const memory = new IngestMemory()
  memory.isCompared = true
  return memory
}

test('one new page costs the bytes of that page and of what is said of its job, however many jobs there are', async () => {
  const costs: number[] = []
  for (const jobs of [20, 2000]) {
    await using world = await shardWorld()
    await putJobs(world, jobs, 'tree')
    const memory = comparedMemory()
    let bytes = -(await bytesOf(world))
    for (let n = 0; n < 3; n++) {
      const { entry, tokens } = await bring(world, memory, n)
      // The catalog has both manifests, and the index that of the dataset until it is committed.
      bytes += 2 * canonicalJson(entry.manifest).length + canonicalJson(tokens.manifest).length
      expect(entry.manifest).toMatchObject({ documents: jobs + n + 1, files: jobs + n + 1 })
      expect(tokens.manifest.totals).toMatchObject({ documents: jobs + n + 1, shards: jobs + n + 1 })
    }
    costs.push(bytes + (await bytesOf(world)))
  }
  expect((costs[1] as number) / (costs[0] as number)).toBeLessThan(1.5)
})

test('versions whose groups stand in their manifests go on as versions whose groups stand beside them', async () => {
  await using world = await shardWorld()
  await using former = await shardWorld()
  await putJobs(world, 50, 'tree')
  await putJobs(former, 50, 'former')
  const [now, then] = [await bring(world, comparedMemory(), 1), await bring(former, comparedMemory(), 1)]
  expect(await groupsOf(former, then.entry)).toEqual(await groupsOf(world, now.entry))
  expect(await tokensGroupsOf(former, then.tokens)).toEqual(await tokensGroupsOf(world, now.tokens))
  expect([then.entry.manifest.groups, then.entry.manifest.files]).toEqual([now.entry.manifest.groups, 51])
  expect([then.tokens.manifest.groups, then.tokens.manifest.totals]).toEqual([now.tokens.manifest.groups, now.tokens.manifest.totals])
})
