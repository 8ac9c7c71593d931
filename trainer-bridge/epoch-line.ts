import type { Config } from '#infra/config/schema.ts'
import type { Catalog } from '#schemas/catalog.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Ledger } from '#schemas/ledger.ts'
import { lineage } from '#schemas/lineage.ts'
import type { EpochManifest, FormerEpochManifest, Geometry } from '#schemas/epoch-manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { newestEpoch, openEpoch, type EpochSource, type OpenEpoch } from './feed/open-epoch.ts'
import type { Anchor } from './plan/anchor.ts'
import { refuseOtherGeometry } from './plan/geometry.ts'
import { planEpoch } from './plan/plan.ts'
import { shardCache } from './plan/shard-cache.ts'
import { readTokenView, type ReadTokenView } from './plan/token-view.ts'
import { weightsByLabel } from './steer/weights.ts'

export interface EpochLineParts extends EpochSource {
  catalog: Catalog
  store: Pick<ObjectStore, 'get' | 'put'>
  ledger: Pick<Ledger, 'progress' | 'close'>
  telemetry: Telemetry
  settings: Config['bridge']
  seed: number
  anchorPlan?: (root: string, signal: AbortSignal) => ReturnType<Anchor>
}

/** The epochs of a run, one after the other. */
export interface EpochLine {
  /** @throws OrreryError `invalid_config` when the settings have another geometry than the run that is open */
  refuseOtherGeometry(): Promise<void>
  /**
   * Plans the epoch after the head of the line, by the desirability weights of now; an open one of former rules is closed.
   * @returns undefined when there is nothing to train; the epoch of whoever planned first when another process did
   */
  next(signal: AbortSignal): Promise<OpenEpoch | undefined>
  /** A token shard that could not be read: the next epoch is planned without it, if it still cannot be. */
  lost(key: string): void
}

export function epochLine(parts: EpochLineParts): EpochLine {
  const { catalog, store, readList, telemetry, settings, datasetName, anchorPlan } = parts
  const line = lineage.plan(datasetName)
  const cache = shardCache(store)
  const geometry = geometryOf(settings)
  /** Head of the plans and of the tokens that nothing could be planned of. */
  let idleAt: string | undefined
  let lost = new Set<string>()
  let view: ReadTokenView | undefined

  const tokensHead = () => catalog.head(lineage.tokens(datasetName))
  return {
    async refuseOtherGeometry() {
      const [head, tokens] = await Promise.all([catalog.head(line), tokensHead()])
      const before = head && head.kind !== 'plan' ? head.manifest : undefined
      const isRun = before?.algorithm === 2 || before?.run === settings.run
      if (before && isRun && tokens?.manifest.tokenizer.fingerprint === before.tokenizer.fingerprint) refuseOtherGeometry(before, geometry)
    },
    lost(key) {
      lost.add(key)
      idleAt = undefined
    },
    async next(signal) {
      const [head, tokens] = await Promise.all([catalog.head(line), tokensHead()])
      if (tokens?.kind !== 'token-version') return undefined
      const at = `${head?.sha256} ${tokens.sha256}`
      if (at === idleAt) return undefined
      const before = head && head.kind !== 'plan' ? head.manifest : undefined
      const list = await catalog.head(lineage.desirability)
      const stillLost = new Set<string>()
      view = await readTokenView({ store, readList, former: view }, tokens)
      const plan = await planEpoch({
        store,
        readList,
        cache,
        prefix: `plans/${datasetName}/`,
        tokens: view,
        parent: head?.sha256 ?? null,
        before,
        settledBefore: await settledBefore(parts),
        run: settings.run,
        geometry,
        seed: parts.seed,
        ...(anchorPlan && { anchor: (root) => anchorPlan(root, signal) }),
        passes: settings.passes,
        weights: weightsByLabel(list?.manifest.jobs ?? []),
        batchesMax: settings.epoch_batches,
        lost,
        tell(key, problem) {
          stillLost.add(key)
          telemetry.event('bridge.shard_lost', { key, problem })
        },
      })
      lost = stillLost
      if (!plan) {
        idleAt = at
        return undefined
      }
      // A version that came meanwhile was made for the run as it stood before: of what left with it, it would be given some twice.
      if ((await tokensHead())?.sha256 !== tokens.sha256) return this.next(signal)
      tellChanges(telemetry, before, plan)
      try {
        return await openEpoch(parts, await catalog.commit(line, head?.sha256, plan))
      } catch (error) {
        if (error instanceof OrreryError && error.code === 'conflict') return newestEpoch(parts)
        throw error
      }
    },
  }
}

const geometryOf = ({ rows, sequence_tokens, next_token, packing, batch_sources, validation_share }: Config['bridge']): Geometry => ({
  rows,
  sequence_tokens,
  next_token,
  packing,
  batch_sources,
  validation_share,
})

/** What a setting that was changed has come to. */
function tellChanges(telemetry: Telemetry, before: EpochManifest | FormerEpochManifest | undefined, { pass, run, tokenizer }: EpochManifest): void {
  if (before && before.tokenizer.fingerprint !== tokenizer.fingerprint) telemetry.event('bridge.tokenizer', { tokenizer: tokenizer.name, pass })
  else if (before?.algorithm === 3 && before.run !== run) telemetry.event('bridge.run', { run, pass })
  else if (before && before.pass !== pass) telemetry.event('bridge.pass', { pass })
}

/** Batches that were settled of all epochs so far. */
async function settledBefore({ catalog, ledger, datasetName }: EpochLineParts): Promise<number> {
  const line = lineage.plan(datasetName)
  const settledOf = async (sha256: string, version: number): Promise<number> => (await ifOpened(ledger.progress(sha256, version - 1)))?.states.settled ?? 0
  const head = await catalog.head(line)
  if (!head) return 0
  // Batches of former rules cannot be made any more.
  if (head.kind !== 'run-epoch') await ifOpened(ledger.close(head.sha256, head.version - 1))
  if (head.kind !== 'plan') return head.manifest.settled_before + (await settledOf(head.sha256, head.version))
  // Once in a line: of before epochs went on, each has to be asked.
  let settled = 0
  for (let before = head.version + 1; before > 1;) {
    const page = await catalog.history(line, { before, limit: 1000 })
    for (const entry of page) settled += await settledOf(entry.sha256, entry.version)
    before = page.at(-1)?.version ?? 1
  }
  return settled
}

/** What the ledger says; undefined of an epoch that it does not know. */
export async function ifOpened<T>(asked: Promise<T>): Promise<T | undefined> {
  return asked.catch((error: unknown) => {
    if (error instanceof OrreryError && error.code === 'not_found') return undefined
    throw error
  })
}
