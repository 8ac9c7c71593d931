import { keptHistory } from '#infra/sweep/kept-history.ts'
import { keptNewest, type SweepScope } from '#infra/sweep/sweep.ts'
import type { Catalog } from '#schemas/catalog.ts'
import { keptEpochs } from '#schemas/ledger.ts'
import { families, lineage } from '#schemas/lineage.ts'

/** An epoch that another followed so long ago is asked for by no node any more. */
const keepMs = 3_600_000

/** What a run has in the store: the lists of its generations. Epochs stay as long as the ledger has their batches, and of the lists of jobs the newest, and what a miner works by. */
export function bridgeScope({ catalog, datasetName }: { catalog: Catalog; datasetName: string }): SweepScope {
  const plans = lineage.plan(datasetName)
  /** The list that an epoch led to says that it was steered: without it, it would be again. */
  async function ledToBy(planId: string | undefined): Promise<string[]> {
    for await (const { sha256, manifest } of keptHistory(catalog, lineage.desirability)) if (manifest.caused_by?.plan_id === planId) return [sha256]
    return []
  }
  return {
    prefixes: [`plans/${datasetName}/`],
    async expire(now) {
      const before = Math.max(0, now - keepMs)
      await catalog.expire(plans, { keepNewest: keptEpochs, before })
      const worked: string[] = []
      for (const line of await catalog.lines(families.cycles)) {
        const cycle = await catalog.head(line)
        if (cycle) worked.push(cycle.manifest.desirability)
      }
      const led = await ledToBy((await catalog.head(plans))?.sha256)
      await catalog.expire(lineage.desirability, { keepNewest: keptNewest, before, keep: [...worked, ...led] })
    },
    async *manifests() {
      for await (const { manifest } of keptHistory(catalog, plans)) yield manifest
    },
  }
}
