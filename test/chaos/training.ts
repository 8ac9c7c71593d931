import { join } from 'node:path'
import { leases, settle } from '../conformance/answer-lease.ts'
import { ingest } from '#dataset/ingest/ingest.ts'
import { tokenize } from '#dataset/tokenize/tokenize.ts'
import { systemClock } from '#infra/clock.ts'
import { sqliteLedger } from '#infra/ledger/sqlite.ts'
import { lineage } from '#schemas/lineage.ts'
import { testDocument } from '#test/golden/documents.ts'
import { bridgeSettings, jobOf, trainersOf } from '#test/golden/bridge.ts'
import { goldenOrigin, putSnapshot, type GoldenShard, type ShardWorld } from '#test/golden/shards.ts'
import { signedPaths } from '#infra/net/signed-paths.ts'
import { openBridge } from '#trainer-bridge/service.ts'

const never = new AbortController().signal
const documentsPerTurn = 4
const settings = { ...bridgeSettings, sequence_tokens: 64, epoch_batches: 7, lease_seconds: 60 }

/** The shards of a miner at a turn: four documents each time, all in one file at every fourth, and some that are gone. */
function shardsAt(turn: number): GoldenShard[] {
  const merged = turn - (turn % 4)
  const shard = (from: number, to: number): GoldenShard => {
    const numbers = Array.from({ length: (to - from) * documentsPerTurn }, (_, n) => from * documentsPerTurn + n)
    const deletes = numbers.flatMap((n, row) => (n % 7 === 3 && n < (turn - 1) * documentsPerTurn ? [row] : []))
    return { documents: numbers.map((n) => testDocument(n, { label: n % 3 === 0 ? 'docs' : 'web' })), deletes }
  }
  return [...(merged > 0 ? [shard(0, merged)] : []), ...Array.from({ length: turn - merged }, (_, n) => shard(merged + n, merged + n + 1))]
}

/** The next turn of a small wheel: a snapshot, its ingest, its tokens, and epochs until there is nothing to train. It finishes first what one before has left. */
export async function trainingTurn(world: ShardWorld, say: (fact: { settled: string }) => void): Promise<void> {
  const signer = await world.signer('a')
  const { id: jobId } = jobOf('web')
  const head = await world.catalog.head(lineage.snapshot(signer.address, jobId))
  const follow = async (): Promise<void> => {
    await ingest({ ...world, name: 'web', origin: goldenOrigin, signal: never })
    await tokenize({ ...world, name: 'web', origin: goldenOrigin, signal: never })
    await train(world, say)
  }
  if (head) await follow()
  else
    await world.catalog
      .commit(lineage.desirability, undefined, { kind: 'desirability', parent: null, jobs: [jobOf('web'), jobOf('docs')], evidence: [], caused_by: null })
      .catch(() => undefined)
  await putSnapshot(world, { signer, jobId, shards: shardsAt((head?.version ?? 0) + 1) })
  await follow()
}

async function train(world: ShardWorld, say: (fact: { settled: string }) => void): Promise<void> {
  const pace = systemClock()
  await using stack = new AsyncDisposableStack()
  await using ledger = sqliteLedger(join(world.dir, 'ledger.sqlite'), { clock: pace })
  await using bridge = await openBridge({
    ...world,
    ...trainersOf(stack, world.dir, pace),
    settings,
    datasetName: 'web',
    seed: 1,
    ledger,
    pace,
    signedPaths: signedPaths(join(world.dir, 'bridge'), pace),
  })
  while ((await bridge.advance(never)) !== 'idle') {
    const open = await world.catalog.head(lineage.plan('web'))
    if (!open) continue
    const held = await leases(ledger, [open.sha256, open.version - 1], { limit: 9 }).catch(() => [])
    for (const lease of held) {
      await settle(ledger, lease, { loss: 1, tokens: 128 })
      say({ settled: `${lease.planId}/${lease.batch}` })
    }
    // What a process that was killed had leased runs out only later.
    const left = await ledger.progress(open.sha256, open.version - 1)
    if (!left.closed && held.length === 0 && left.states.settled + left.states.leased === open.manifest.batches)
      await ledger.close(open.sha256, open.version - 1)
  }
}
