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
