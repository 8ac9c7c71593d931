import { join } from 'node:path'
import { expect, test } from 'vitest'
import { systemClock } from '#infra/clock.ts'
import { sqliteCatalog } from '#infra/catalog/sqlite.ts'
import { writeList } from '#infra/corpus/list-object.ts'
import { folderStore } from '#infra/store/folder.ts'
import { lineage } from '#schemas/lineage.ts'
import type { VersionFile, VersionGroup } from '#schemas/manifest.ts'
import { jobOf, temporaryFolder } from '#test/golden/bridge.ts'
import { findingsOf } from './findings.ts'

const origin = { code_version: '0', config_sha256: 'c'.repeat(64) }
const object = { key: 'k', sha256: 'b'.repeat(64), bytes: 1 }
const at = '2026-01-01T00:00:00Z'

/** One file of a miner as the dataset has it: rows it looked at, what it refused of them and what it has; `said` is what the miner says of duplicates, `withdrew` rows it deleted. */
interface Brought {
  hotkey: string
  taken: number
  refused: number
  documents: number
  withdrew?: number
  said?: number
  isKnown?: boolean
}

async function found(brought: readonly Brought[]) {
  await using folder = await temporaryFolder()
  await using catalog = sqliteCatalog(join(folder.path, 'catalog.sqlite'), { clock: systemClock() })
  const store = folderStore(join(folder.path, 'store'))
  const job = jobOf('x')
  const groups: VersionGroup[] = []
  for (const { hotkey, taken, refused, documents, withdrew = 0, said = 0, isKnown = true } of brought) {
    const file = { ...object, rows: taken, text_bytes: 1, written_at: at, datetime_range: null, labels: [], columns: [] }
    const snapshot = {
      ...({ kind: 'snapshot', parent: null, origin, hotkey, job_id: job.id, written_at: at } as const),
      files: [{ file, deletes: withdrew > 0 ? { ...object, rows: withdrew } : null }],
      duplicates: { exact: said, near: said, clusters: 1 },
      signature: `0x${'0'.repeat(128)}`,
    }
    const committed = isKnown ? await catalog.commit(lineage.snapshot(hotkey, job.id), undefined, snapshot) : object
    const listed: VersionFile = { file, deletes: null, taken, refused: refused > 0 ? [['gopher_too_short', refused]] : [] }
    const list = await writeList(store, 'lists/', [listed])
    groups.push({ hotkey, job_id: job.id, snapshot: committed.sha256, list, files: 1, documents, text_bytes: 1 })
  }
  const counts = { gone: null, documents: 4, text_bytes: 3, labels: [], dropped: [] }
  await catalog.commit(lineage.dataset('web'), undefined, { kind: 'version', parent: null, origin, name: 'web', cleaning: 1, groups, ...counts })
  expect(await findingsOf({ catalog, store, datasetName: 'other' }, [job])).toEqual(new Map())
  return (await findingsOf({ catalog, store, datasetName: 'web' }, [job, jobOf('y')])).get('x')
}

test('copies and refusals are what the dataset counted among the rows it looked at, withdrawn ones apart', async () => {
  expect(await found([{ hotkey: 'm', taken: 10, refused: 2, documents: 5 }])).toEqual({ copies: 0.3, refused: 0.2 })
  expect(await found([{ hotkey: 'm', taken: 12, withdrew: 2, refused: 2, documents: 5 }])).toEqual({ copies: 0.3, refused: 0.2 })
})

test('what a miner says of its duplicates counts for nothing', async () => {
  expect(await found([{ hotkey: 'm', taken: 10, refused: 0, documents: 10, said: 1e9 }])).toEqual({ copies: 0, refused: 0 })
})

test('each counts by the documents it brought: a flood of copies does not make a good source look bad', async () => {
  const honest = { hotkey: 'm1', taken: 90, refused: 0, documents: 90 }
  const flood = { hotkey: 'm2', taken: 1_000_000, refused: 0, documents: 10 }
  expect((await found([honest, flood]))?.copies).toBeCloseTo(0.1, 4)
  expect(await found([honest, { ...flood, documents: 0 }])).toEqual({ copies: 0, refused: 0 })
})

test('a job whose snapshot is forgotten, or a label without documents, is left out', async () => {
  expect(await found([{ hotkey: 'm', taken: 10, refused: 0, documents: 5, isKnown: false }])).toBeUndefined()
  expect(await found([])).toBeUndefined()
})
