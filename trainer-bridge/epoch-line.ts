import type { Config } from '#infra/config/schema.ts'
import type { Catalog } from '#schemas/catalog.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Ledger } from '#schemas/ledger.ts'
import { lineage } from '#schemas/lineage.ts'
import type { EpochManifest } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { newestEpoch, openEpoch, type EpochSource, type OpenEpoch } from './feed/open-epoch.ts'
import { windowJudge } from './plan/may-train.ts'
import { planEpoch } from './plan/plan.ts'
import { readTokenView } from './plan/token-view.ts'
import { weightsByLabel } from './steer/weights.ts'

export interface EpochLineParts extends EpochSource {
  catalog: Catalog
  store: Pick<ObjectStore, 'get' | 'put'>
  ledger: Pick<Ledger, 'progress' | 'close'>
  telemetry: Telemetry
  settings: Config['bridge']
  seed: number
}

/** The epochs of a run, one after the other. */
export interface EpochLine {
  /**
   * Plans the epoch after the head of the line, by the desirability weights of now; an open plan of before runs went on is closed.
   * @returns undefined when there is nothing to train; the epoch of whoever planned first when another process did
   */
  next(): Promise<OpenEpoch | undefined>
}

export function epochLine(parts: EpochLineParts): EpochLine {
  const { catalog, store, readList, telemetry, settings, datasetName } = parts
  const line = lineage.plan(datasetName)
  const judge = windowJudge(store)
  /** Head of the plans and of the tokens that nothing could be planned of. */
  let idleAt: string | undefined

  const tokensHead = () => catalog.head(lineage.tokens(datasetName))
  return {
    async next() {
      const [head, tokens] = await Promise.all([catalog.head(line), tokensHead()])
      if (tokens?.kind !== 'token-version') return undefined
      const at = `${head?.sha256} ${tokens.sha256}`
      if (at === idleAt) return undefined
      const before = head?.kind === 'epoch' ? head.manifest : undefined
      const list = await catalog.head(lineage.desirability)
      const view = await readTokenView(readList, tokens)
      const plan = await planEpoch({
        store,
        readList,
        prefix: `plans/${datasetName}/`,
        tokens: view,
        parent: head?.sha256 ?? null,
        before,
        settledBefore: await settledBefore(parts),
        geometry: { rows: settings.rows, sequence_tokens: settings.sequence_tokens },
        seed: parts.seed,
        passes: settings.passes,
        weights: weightsByLabel(list?.manifest.jobs ?? []),
        batchesMax: settings.epoch_batches,
        mayTrain: judge(view, (key, problem) => telemetry.event('bridge.shard_lost', { key, problem })),
      })
      if (!plan) {
        idleAt = at
        return undefined
      }
      // A version that came meanwhile was made for the run as it stood before: of what left with it, it would be given some twice.
      if ((await tokensHead())?.sha256 !== tokens.sha256) return this.next()
      tellChanges(telemetry, settings, before, plan)
      try {
        return await openEpoch(parts, await catalog.commit(line, head?.sha256, plan))
      } catch (error) {
        if (error instanceof OrreryError && error.code === 'conflict') return newestEpoch(parts)
        throw error
      }
    },
  }
}

/** What a setting that was changed has come to. */
function tellChanges(telemetry: Telemetry, settings: Config['bridge'], before: EpochManifest | undefined, plan: EpochManifest): void {
  const { pass, geometry, tokenizer } = plan
  if (before && before.tokenizer.fingerprint !== tokenizer.fingerprint) telemetry.event('bridge.tokenizer', { tokenizer: tokenizer.name, pass })
  else if (before && before.pass !== pass) telemetry.event('bridge.pass', { pass })
  if (geometry.sequence_tokens !== settings.sequence_tokens)
    telemetry.event('bridge.geometry', { sequence_tokens: geometry.sequence_tokens, wanted: settings.sequence_tokens, until: 'the end of the pass' })
}

/** Batches that were settled of all epochs so far. */
async function settledBefore({ catalog, ledger, datasetName }: EpochLineParts): Promise<number> {
  const line = lineage.plan(datasetName)
  const settledOf = async (sha256: string, version: number): Promise<number> => (await ifOpened(ledger.progress(sha256, version - 1)))?.states.settled ?? 0
  const head = await catalog.head(line)
  if (!head) return 0
  if (head.kind === 'epoch') return head.manifest.settled_before + (await settledOf(head.sha256, head.version))
  // Once in a line: of before epochs went on, each has to be asked.
  await ifOpened(ledger.close(head.sha256, head.version - 1))
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
