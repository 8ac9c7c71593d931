import type { DatasetEntry } from './versions.ts'

/** Of all objects of a dataset's versions; the current one is told there (infra/corpus/current.ts). */
export const datasetFolder = (name: string): string => `datasets/${name}/`
/** Of the lists that its versions name (infra/corpus/groups.ts, list-object.ts). */
export const listFolder = (name: string): string => `${datasetFolder(name)}lists/`

/** Where it is kept what was counted of a version (stats/statistics.ts); the number is that of its form. */
export const statisticsKey = ({ sha256, manifest }: Pick<DatasetEntry, 'sha256' | 'manifest'>): string =>
  `${datasetFolder(manifest.name)}statistics/1-${sha256}.json`
