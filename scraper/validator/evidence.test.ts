import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { noDoubt } from './doubt.ts'
import { openEvidence, type JudgedRow, type KeptLook } from './evidence.ts'

let path: string
beforeEach(async () => {
  path = join(await temporaryFolder(), 'evidence.sqlite')
})

const doubt = { ...noDoubt, judged: 3 }
const row = (n: number, parts: Partial<JudgedRow> = {}): JudgedRow => ({
  row: n.toString(16).padStart(32, '0'),
  uri: `https://h${n % 7}.example/${n}`,
  jobId: 'job',
  textBytes: 100 + n,
  at: 1000 + n,
  verdict: 'same',
  reason: null,
  isDated: n % 2 === 0,
  evidence: '{}',
  again: null,
  ...parts,
})
const rows = (count: number, from = 0): JudgedRow[] => Array.from({ length: count }, (_, n) => row(from + n))
const look = (uri: string, at: number): KeptLook => ({
  uri,
  at,
  htmlSha256: 'a'.repeat(64),
  minhash: new Uint8Array(448).fill(at % 256),
  changedAt: at % 2 ? at : undefined,
})

test('what was judged is there for who opens it anew, and is replaced by what is said later', async () => {
  {
    await using evidence = openEvidence(path)
    await evidence.note('5A', { doubt, rows: rows(3), looks: [look('https://a.example/', 7)] })
  }
  await using evidence = openEvidence(path)
  expect(await evidence.doubt('5A')).toEqual(doubt)
  expect(await evidence.doubt('5B')).toEqual(noDoubt)
  expect(await evidence.known('5A', [row(2).row, row(9).row])).toEqual([row(2), undefined])
  expect(await evidence.known('5B', [row(2).row])).toEqual([undefined])
  const again = row(1, { verdict: 'contradicted', reason: 'text', at: 9999 })
  await evidence.note('5A', { doubt, rows: [again], looks: [] })
  expect((await evidence.newest('5A', 10)).map(({ row: name }) => name)).toEqual([again.row, row(2).row, row(0).row])
  expect(await evidence.known('5A', [again.row])).toEqual([again])
})

test('looks at a page come oldest first, and are few', async () => {
  await using evidence = openEvidence(path)
  for (const at of [1, 2, 3, 4, 5]) await evidence.note('5A', { doubt, rows: [], looks: [look('https://a.example/', at), look('https://b.example/', at)] })
  expect(await evidence.looks(['https://a.example/'])).toEqual([3, 4, 5].map((at) => look('https://a.example/', at)))
  expect(await evidence.looks(['https://c.example/'])).toEqual([])
})

test('holds so many rows of a miner, what was found of the newest, and so many looks', async () => {
  await using evidence = openEvidence(path, { rowsMax: 20, withEvidenceMax: 5, looksMax: 10 })
  for (let n = 0; n < 60; n += 3) {
    const looks = [0, 1, 2].map((k) => look(`https://h.example/${n + k}`, n + k))
    await evidence.note('5A', { doubt, rows: rows(3, n).map((one) => ({ ...one, verdict: 'changed', again: '{}' })), looks })
  }
  const kept = await evidence.newest('5A', 100)
  expect([kept.length, kept.filter((one) => one.evidence !== null).length, kept.filter(({ again }) => again !== null).length]).toEqual([20, 5, 5])
  expect(kept[0]?.row).toBe(row(59).row)
  const looks = await evidence.looks(Array.from({ length: 60 }, (_, n) => `https://h.example/${n}`))
  expect(looks.map(({ at }) => at)).toEqual([50, 51, 52, 53, 54, 55, 56, 57, 58, 59])
})

test('what is due is what was looked at longest ago', async () => {
  await using evidence = openEvidence(path)
  await evidence.note('5A', { doubt, rows: [row(1), row(5, { again: '{"n":5}' }), row(3, { again: '{"n":3}' }), row(9, { again: '{"n":9}' })], looks: [] })
  expect((await evidence.due('5A', 1005, 10)).map(({ again }) => again)).toEqual(['{"n":3}', '{"n":5}'])
  expect(await evidence.due('5A', 9999, 1)).toHaveLength(1)
  expect(await evidence.due('5B', 9999, 10)).toEqual([])
})

test('controls are pages that were as their rows said, one of each host, or of one', async () => {
  await using evidence = openEvidence(path)
  await evidence.note('5A', { doubt, rows: [...rows(21), row(30, { verdict: 'gone', uri: 'https://h9.example/' })], looks: [] })
  expect((await evidence.controls(20)).map(({ uri }) => uri)).toEqual([20, 19, 18, 17, 16, 15, 14].map((n) => row(n).uri))
  expect(await evidence.controls(2, 'h3.example')).toEqual([17, 10].map((n) => ({ uri: row(n).uri, at: row(n).at })))
  expect(await evidence.controls(2, 'h9.example')).toEqual([])
})

test('of a miner that left nothing stays', async () => {
  await using evidence = openEvidence(path)
  for (const hotkey of ['5A', '5B']) await evidence.note(hotkey, { doubt, rows: rows(2), looks: [] })
  await evidence.forget('5A')
  expect([await evidence.hotkeys(), await evidence.newest('5A', 9), await evidence.doubt('5A')]).toEqual([['5B'], [], noDoubt])
  expect(await evidence.newest('5B', 9)).toHaveLength(2)
})
