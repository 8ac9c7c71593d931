import { rowListKey } from '#infra/corpus/list-rows.ts'
import { formatShardName, shardKey, shardRowsMax } from '#schemas/data-universe.ts'
import type { ClaimedFile } from './claim.ts'
import { checkListed } from './structure.ts'
import { expect, test } from 'vitest'
import { testDocument } from '#test/golden/documents.ts'
import { checkRow } from './rows.ts'

const nowMs = Date.UTC(2026, 0, 22)

function checked(publishedAt: Date, datetime: Date): string | undefined {
  const row = testDocument(1, { published_at: publishedAt, datetime, modified_at: null })
  const owner = { hotkey: row.hotkey, jobId: row.job_id, key: 'shard.parquet', writtenAt: '2026-01-21T00:00:00.000Z' }
  return checkRow(row, owner, nowMs)?.code
}

test('the datetime of a row is its publication, from the first time bucket on', () => {
  const [old, epoch] = [new Date('1923-05-01'), new Date(0)]
  expect(checked(new Date('1985-05-01'), new Date('1985-05-01'))).toBeUndefined()
  expect(checked(old, epoch)).toBeUndefined()
  expect(checked(old, old)).toBe('datetime')
  expect(checked(old, new Date('1985-05-01'))).toBe('datetime')
})

test('a file of more rows than a validator can hold is refused by what its snapshot says, before anything of it is read', () => {
  const hotkey = '5'.repeat(48)
  const listed = (rows: number): ClaimedFile => {
    const [bytes, sha256, written_at] = [rows * 100, 'ab'.repeat(32), '2026-01-21T00:00:00.000Z']
    const key = shardKey(hotkey, 'job', formatShardName({ writtenAt: new Date(written_at), rows, hex: sha256.slice(0, 16) }))
    const groups = Array.from({ length: Math.ceil(rows / 10_000) }, (_, n) => ({ rows: Math.min(10_000, rows - 10_000 * n), bytes: 1, sha256 }))
    const row_list = { key: rowListKey(key, sha256), sha256, bytes: rows }
    const file = { key, sha256, bytes, rows, text_bytes: 0, written_at, datetime_range: null, labels: [], columns: [], row_groups: groups, row_list }
    return { jobId: 'job', file, deletes: null }
  }
  expect(checkListed(listed(shardRowsMax), hotkey)).toBeUndefined()
  expect(checkListed(listed(shardRowsMax + 1), hotkey)).toMatchObject({ code: 'file_too_large', detail: expect.stringContaining('1000001 rows') })
})
