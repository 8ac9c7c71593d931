import { keptHistory } from '#infra/sweep/kept-history.ts'
import { keptNewest, type SweepScope } from '#infra/sweep/sweep.ts'
import type { Catalog } from '#schemas/catalog.ts'
import { countedEpochs, keptEpochs } from '#schemas/ledger.ts'
import { families, lineage } from '#schemas/lineage.ts'

/** An epoch that another followed so long ago is asked for by no node any more. */
const keepMs = 3_600_000

/** The lists that the newest epoch of each run led to: that they are there says that the jobs have followed it. */
async function landedLists(catalog: Catalog): Promise<string[]> {
  const lists: string[] = []
  for (const line of await catalog.lines(families.steerings)) {
    const list = (await catalog.head(line))?.manifest.list
    if (list) lists.push(list.to)
  }
  return lists
}

/** What a run has in the store: the lists of its generations. Epochs stay as long as the ledger has their batches, and of the lists of jobs the newest, and what a miner works by. */
export function bridgeScope({ catalog, datasetName }: { catalog: Catalog; datasetName: string }): SweepScope {
  const [plans, steering, receipts] = [lineage.plan(datasetName), lineage.steering(datasetName), lineage.receipts(datasetName)]
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
      await catalog.expire(receipts, { keepNewest: countedEpochs, before })
      await catalog.expire(steering, { keepNewest: keptEpochs, before })
      await catalog.expire(lineage.desirability, { keepNewest: keptNewest, before, keep: [...worked, ...(await landedLists(catalog))] })
    },
    async *manifests() {
      for await (const { manifest } of keptHistory(catalog, plans)) yield manifest
      for await (const { manifest } of keptHistory(catalog, receipts)) yield manifest
    },
  }
}
