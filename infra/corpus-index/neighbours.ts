import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { KnownRow } from '#schemas/corpus-index.ts'
import { OrreryError } from '#schemas/errors.ts'
import { compareCopies } from '#schemas/identity/clusters.ts'
import { nearDuplicateMin, similarity } from '#schemas/identity/signature.ts'
import { openDatabase } from '../sqlite/database.ts'
import { fileSchemas } from '../sqlite/schema.ts'
import { checkSignature } from './check-change.ts'
import { GoneRows } from './gone-rows.ts'
import { HashSets } from './hash-sets.ts'
import { NearSearch } from './near-search.ts'
import { RowTable } from './row-table.ts'

/** A row, and how like it is to the text that was asked about (estimated Jaccard similarity, 0..1). */
export interface Neighbour extends KnownRow {
  similarity: number
}

/** Rows of one cluster that are looked at. */
const membersMax = 256
const triesMax = 5

/**
 * What the index in a folder has that is near a signature, most similar first, of one uri the most similar; nothing where there is no index. For a look from
 * outside, also beside the process that writes there.
 * @throws OrreryError `invalid_argument`, `data_unreadable`
 */
export async function neighboursIn(folder: string, signature: Uint8Array, limit: number): Promise<Neighbour[]> {
  checkSignature(signature)
  if (!existsSync(join(folder, 'rows.sqlite'))) return []
  for (let triesLeft = triesMax; ; triesLeft--) {
    try {
      return await look(folder, signature, limit)
    } catch (error) {
      // The runs that were listed a moment ago may have been merged since.
      if (triesLeft <= 1 || !(error instanceof OrreryError) || error.code !== 'data_unreadable') throw error
    }
  }
}

async function look(folder: string, signature: Uint8Array, limit: number): Promise<Neighbour[]> {
  using db = openDatabase(join(folder, 'rows.sqlite'), fileSchemas.corpus)
  const gone = new GoneRows(db)
  using sets = new HashSets(folder, db, (ordinal) => gone.has(ordinal), 'reader')
  const rows = new RowTable(db)
  const { kin } = await new NearSearch(sets.bands, rows, gone).look([signature])
  const near = new Map<number, KnownRow>()
  for (const ordinal of kin[0]?.rows ?? []) {
    if (near.has(ordinal)) continue
    const cluster = rows.links(ordinal)?.cluster ?? null
    const members = cluster === null ? [rows.get(ordinal)] : [...rows.ofCluster(cluster, membersMax), rows.get(ordinal)]
    for (const row of members) if (row) near.set(row.ordinal, row)
  }
  const ranked = [...near.values()]
    .map((row) => ({ ...row, similarity: similarity(signature, rows.signature(row.ordinal)) }))
    .filter((row) => row.similarity >= nearDuplicateMin)
    .toSorted((a, b) => b.similarity - a.similarity || compareCopies({ ...a, key: a.id }, { ...b, key: b.id }))
  return [...Map.groupBy(ranked, ({ uri }) => uri).values()].map(([best]) => best as Neighbour).slice(0, limit)
}
