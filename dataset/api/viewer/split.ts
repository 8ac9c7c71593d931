import type { Catalog } from '#schemas/catalog.ts'
import { OrreryError } from '#schemas/errors.ts'
import { requireDataset } from '#dataset/api/lookup.ts'
import type { DatasetEntry } from '#dataset/versions.ts'

/** A dataset has one configuration of one split. */
export const onlyConfig = 'default'
export const onlySplit = 'train'

interface Asked {
  dataset: string
  config?: string | undefined
  split?: string | undefined
}

/** The newest version of the dataset that is asked for. @throws OrreryError `not_found` */
export async function requireSplit(catalog: Catalog, { dataset, config = onlyConfig, split = onlySplit }: Asked): Promise<DatasetEntry> {
  if (!/^[\w.=@+-]{1,128}$/.test(dataset)) throw new OrreryError('not_found', `There is no dataset "${dataset}".`)
  const entry = await requireDataset(catalog, dataset)
  if (config !== onlyConfig) throw new OrreryError('not_found', `Dataset "${dataset}" has no config "${config}"; it has "${onlyConfig}".`)
  if (split !== onlySplit) throw new OrreryError('not_found', `Dataset "${dataset}" has no split "${split}"; it has "${onlySplit}".`)
  return entry
}
