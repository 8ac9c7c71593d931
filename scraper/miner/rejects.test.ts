import { mkdtemp, readdir, readFile, rm, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createTelemetry } from '#infra/telemetry/telemetry.ts'
import { openRejects } from './rejects.ts'

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'orrery-rejects-'))
  onTestFinished(() => rm(path, { recursive: true }))
  return path
}
const reject = (n: number) => ({ subject: `http://h.example/${n}`, reason: 'noindex', stage: 'extract' })

test('what was dropped can be read, line by line, in order, and is counted by reason', async () => {
  const path = join(await folder(), 'deep', 'rejects.jsonl')
  const telemetry = createTelemetry()
  await using rejects = await openRejects(path, telemetry)
  await Promise.all(Array.from({ length: 50 }, (_, n) => rejects.add(reject(n))))
  const lines = (await readFile(path, 'utf8')).trim().split('\n')
  expect(lines.map((line) => JSON.parse(line))).toEqual(Array.from({ length: 50 }, (_, n) => reject(n)))
  expect(telemetry.snapshot()).toEqual({ 'crawl.rejected{reason=noindex}': 50 })
})

test('a full file makes room, and one before it is kept', async () => {
  const dir = await folder()
  const path = join(dir, 'rejects.jsonl')
  for (const n of [1, 2, 3]) {
    await using rejects = await openRejects(path, createTelemetry())
    await rejects.add(reject(n))
    await truncate(path, 16 * 2 ** 20)
  }
  await using rejects = await openRejects(path, createTelemetry())
  await rejects.add(reject(4))
  expect((await readdir(dir)).toSorted()).toEqual(['rejects.jsonl', 'rejects.jsonl.1'])
  expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(reject(4))
})
