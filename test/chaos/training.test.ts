import { fork } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { readDocuments } from '#dataset/documents.ts'
import { readList } from '#infra/corpus/list-object.ts'
import { readDeletionVector } from '#infra/corpus/deletion-vector.ts'
import { systemClock } from '#infra/clock.ts'
import { sqliteLedger } from '#infra/ledger/sqlite.ts'
import { lineage } from '#schemas/lineage.ts'
import type { EpochManifest } from '#schemas/epoch-manifest.ts'
import { ListedTokenShard, TokenizedFile } from '#schemas/token-list.ts'
import { decodeTokenShard } from '#schemas/token-shard.ts'
import { temporaryFolder } from '#test/golden/bridge.ts'
import { shardWorld, tokensGroupsOf, type ShardWorld } from '#test/golden/shards.ts'
import { plannedBatches } from '#trainer-bridge/plan/batches.ts'
import { recentLists } from '#trainer-bridge/plan/lists.ts'

/** Milliseconds after its start at which a run is killed: over the whole of its work. */
const moments = [150, 400, 700, 1100]

interface Fact {
  settled?: string
}

/** @param afterMs undefined: it ends by itself after two turns */
async function runTurns(dir: string, afterMs: number | undefined, facts: Fact[]): Promise<number | null> {
  const child = fork(join(import.meta.dirname, 'training-child.ts'), [dir, afterMs === undefined ? '2' : '100'], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const exited = new Promise<number | null>((resolve) => void child.once('exit', resolve))
  const ready = new Promise((resolve) => void child.once('message', resolve))
  child.on('message', (fact: Fact) => void facts.push(fact))
  if (afterMs !== undefined) {
    await Promise.race([ready, exited])
    await delay(afterMs)
    child.kill('SIGKILL')
  }
  return exited
}

async function tokensIn(world: ShardWorld): Promise<string[]> {
  const head = await world.catalog.head(lineage.tokens('web'))
  if (head?.kind !== 'token-version') throw new Error('no tokens')
  const ids: string[] = []
  for (const { list } of await tokensGroupsOf(world, head))
    for (const { shards } of await readList(world.store, list, TokenizedFile))
      for (const { shard, deletes } of shards) {
        const deleted = await readDeletionVector(world.store, { file: { rows: shard.documents }, deletes })
        decodeTokenShard(await world.store.get(shard.key)).documentIds.forEach((id, n) => !deleted.has(n) && ids.push(id))
      }
  if (head.manifest.held) await readList(world.store, head.manifest.held, ListedTokenShard)
  return ids.toSorted()
}

async function windowsOf(world: ShardWorld, plan: EpochManifest): Promise<string[]> {
  const batches = await plannedBatches(plan, { store: world.store, readList: recentLists(world.store) })
  const all = await Promise.all(Array.from({ length: batches.length }, (_, k) => batches.batch(k)))
  return all.flatMap(({ windows }) => windows.map(({ pieces }) => pieces.map(({ shard, start, tokens }) => `${shard.sha256} ${start} ${tokens}`).join()))
}

test('kill -9 while tokens are made, epochs planned and batches settled loses no document, trains no window twice and settles no batch twice', async () => {
  await using folder = await temporaryFolder()
  const facts: Fact[] = []
  for (const moment of moments) await runTurns(folder.path, moment, facts)
  expect(await runTurns(folder.path, undefined, facts)).toBe(0)

  await using world = await shardWorld({ dir: folder.path })
  const dataset = await world.catalog.head(lineage.dataset('web'))
  const documents: string[] = []
  for await (const { id } of readDocuments(world.store, dataset!.manifest, new AbortController().signal)) documents.push(id)
  expect(documents.length).toBeGreaterThan(0)
  expect(await tokensIn(world)).toEqual(documents.toSorted())

  await using ledger = sqliteLedger(join(folder.path, 'ledger.sqlite'), { clock: systemClock() })
  const epochs = (await world.catalog.history(lineage.plan('web'), { limit: 1000 }))
    .flatMap((entry) => (entry.kind === 'run-epoch' ? [entry] : []))
    .toReversed()
  const seen: string[] = []
  let settledBefore = 0
  const settled = new Set<string>()
  for (const { sha256, version, manifest } of epochs) {
    expect(manifest.settled_before).toBe(settledBefore)
    seen.push(...(await windowsOf(world, manifest)))
    settledBefore += (await ledger.progress(sha256, version - 1)).states.settled
    for (const { batch } of await ledger.settlements(sha256, version - 1, { limit: 1000 })) settled.add(`${sha256}/${batch}`)
  }
  expect(epochs.length).toBeGreaterThan(1)
  expect(seen.filter((window, n) => seen.indexOf(window) !== n)).toEqual([])
  const kept = new Set(epochs.slice(-16).map(({ sha256 }) => sha256))
  const acknowledged = facts.flatMap(({ settled: batch }) => (batch && kept.has(batch.split('/')[0] ?? '') ? [batch] : []))
  expect(acknowledged.filter((batch) => !settled.has(batch))).toEqual([])
})
