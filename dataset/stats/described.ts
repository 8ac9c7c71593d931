import { z } from 'zod'
import { tokenTotals } from '#infra/corpus/groups.ts'
import type { Catalog } from '#schemas/catalog.ts'
import { lineage } from '#schemas/lineage.ts'
import type { DatasetEntry } from '#dataset/versions.ts'
import { Summary } from './summary.ts'

/** Tokens of a version. */
const Tokens = z.strictObject({ tokenizer: z.string(), tokens: z.int().nonnegative(), shards: z.int().nonnegative() })

/** What a version is made of, with what is known of it besides. */
export const DatasetStatistics = Summary.extend({
  dataset: z.string(),
  version: z.int().positive(),
  sha256: z.string(),
  tokens: Tokens.nullable().describe('null: it is not tokenized, or not yet.'),
}).meta({ id: 'DatasetStatistics' })
export type DatasetStatistics = z.infer<typeof DatasetStatistics>

export async function describedStatistics(catalog: Catalog, entry: DatasetEntry, summary: Summary): Promise<DatasetStatistics> {
  const { version, sha256, manifest } = entry
  return { dataset: manifest.name, version, sha256, tokens: await tokensOf(catalog, entry), ...summary }
}

/** The newest tokens may be of an earlier version. */
async function tokensOf(catalog: Catalog, { manifest, sha256 }: DatasetEntry): Promise<z.infer<typeof Tokens> | null> {
  const head = await catalog.head(lineage.tokens(manifest.name))
  if (head?.kind !== 'token-version' || head.manifest.dataset !== sha256) return null
  const { tokens, shards } = tokenTotals(head.manifest)
  return { tokenizer: head.manifest.tokenizer.name, tokens, shards }
}
