import { expect } from 'vitest'
import { readDataFile } from '#infra/corpus/read-data-file.ts'
import type { CorpusIndex } from '#schemas/corpus-index.ts'
import type { Subnet } from '#test/adversary/subnet.ts'
import { filesOf } from './snapshot.fixture.ts'

/** Holds a miner's index against the snapshots it has: the same files, the same rows in them, nothing twice. */
export async function expectAgreement(subnet: Subnet, hotkey: string, index: CorpusIndex = subnet.index(hotkey)): Promise<void> {
  const files = await filesOf(subnet, hotkey)
  const { live, files: known } = await index.stats()
  expect(known.toSorted()).toEqual(files.map(({ file }) => file.sha256).toSorted())
  const pages = new Set<string>()
  for (const listed of files) {
    const rows = []
    for await (const batch of readDataFile(subnet.store, listed, { signal: new AbortController().signal })) rows.push(...batch)
    const standing = await index.rows(listed.file.sha256)
    expect(standing.map(({ place, id, state }) => ({ row: place?.row, id, state }))).toEqual(
      rows.map(({ row, document }) => ({ row, id: document.id, state: 'live' })),
    )
    for (const { document } of rows) pages.add(document.uri)
  }
  expect(pages.size).toBe(live)
}
