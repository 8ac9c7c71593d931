import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'

/** In a process whose heap would not hold the texts. */
const streamed = async (documents: number) => {
  const script = new URL('streamed-file-child.ts', import.meta.url).pathname
  const { stdout } = await promisify(execFile)(process.execPath, ['--max-old-space-size=48', script, await temporaryFolder(), String(documents)])
  return JSON.parse(stdout) as { read: number; bytes: number; heldBytes: number }
}

test('a file is written and read in memory that is bounded by a row group, however long it is', async () => {
  const [short, long] = [await streamed(10_000), await streamed(30_000)]
  expect([short.read, long.read]).toEqual([10_000, 30_000])
  expect(long.bytes - short.bytes).toBeGreaterThan(20 * 2 ** 20)
  expect(long.heldBytes - short.heldBytes).toBeLessThan(12 * 2 ** 20)
})
