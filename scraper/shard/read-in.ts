import { readDataFile, type FileRow, type ReadOptions } from '#infra/corpus/read-data-file.ts'
import type { AddedRow, CorpusIndex } from '#schemas/corpus-index.ts'
import type { ListedFile } from '#schemas/data-file.ts'
import type { ColumnName } from '#schemas/document-columns.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { rowFacts } from '#schemas/row-facts.ts'
import { Keepers, knownParagraphs, namesOf } from '../dedup/boilerplate.ts'
import { compareKeepers } from '../dedup/copies.ts'
import { mapInTurns } from '../dedup/map-in-turns.ts'
import { namedParagraphs } from '../dedup/paragraphs.ts'
import { lostPart } from './snapshot-heads.ts'

/** Rows that the index learns at once. */
const rowsMax = 1000

/**
 * Makes the live rows of files known to an index that has none of them. What is known no more after it: pages that were taken back, copies that lost, and how
 * many pages have had a paragraph.
 */
export async function readInFiles(index: CorpusIndex, store: ObjectStore, files: readonly ListedFile[], signal: AbortSignal): Promise<void> {
  for (const listed of files) {
    for await (const batch of readListed(store, listed, { signal })) {
      for (let from = 0; from < batch.length; from += rowsMax) await index.commit({ add: await rowsOf(index, listed, batch.slice(from, from + rowsMax)) })
    }
    await index.commit({ addFiles: [listed.file.sha256] })
  }
}

async function rowsOf(index: CorpusIndex, { file }: ListedFile, batch: readonly FileRow[]): Promise<AddedRow[]> {
  const rows = await mapInTurns(batch, ({ row, document }) => ({ row, document, facts: rowFacts(document), paragraphs: namedParagraphs(document) }))
  const pages = rows.toSorted((a, b) => compareKeepers(a.facts, b.facts))
  const keepers = new Keepers(await knownParagraphs(index, pages))
  return pages.map(({ row, document, facts, paragraphs }) => {
    const kept = new Set(keepers.take(paragraphs, facts))
    const named = namesOf(paragraphs).map((name) => ({ name, isKept: kept.has(name) }))
    return { facts, signature: document.minhash, state: 'live', place: { file: file.sha256, row }, paragraphs: named }
  })
}

/** Makes the index forget all rows of these files. */
export async function forgetFiles(index: CorpusIndex, files: readonly string[]): Promise<void> {
  for (const file of files) {
    const rows = await index.rows(file)
    await index.commit({ forget: rows.map(({ ordinal }) => ordinal), dropFiles: [file] })
  }
}

/** The rows of one of our own files. @throws OrreryError `data_unreadable` when it is not there, or not what its snapshot says */
export async function* readListed<Name extends ColumnName = ColumnName>(
  store: ObjectStore,
  listed: ListedFile,
  options: ReadOptions<Name>,
): AsyncGenerator<FileRow<Name>[]> {
  try {
    yield* readDataFile(store, listed, options)
  } catch (error) {
    lostPart(listed.file)(error)
  }
}
