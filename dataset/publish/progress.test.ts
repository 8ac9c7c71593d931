import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { progressOn } from './progress.ts'

/** What is written of two files, of which one went out twice. */
function told(isTTY: boolean): string {
  const output = Object.assign(new PassThrough(), { isTTY, columns: 80, cursorTo: () => true, clearLine: () => true, moveCursor: () => true })
  const progress = progressOn(output as never)
  progress.begin(2_000_000, 2)
  progress.sent(1_000_000)
  progress.say('upstream_failed: again in 1 s')
  progress.sent(-1_000_000)
  progress.sent(1_000_000)
  progress.done(1, 1_000_000)
  progress.done(1, 1_000_000)
  progress.end()
  return String(output.read())
}

test('without a terminal there is a line for each group of files, and for what is tried again', () => {
  expect(told(false)).toBe('publish: upstream_failed: again in 1 s\npublish: 1/2 files, 1.0 MB sent\npublish: 2/2 files, 1.0 MB sent\n')
})

test('on a terminal there is a bar', () => {
  expect(told(true)).toContain('100% | 2/2 files | 1.0 MB sent')
})

test('where there is nothing to send, there is no bar', () => {
  const output = Object.assign(new PassThrough(), { isTTY: true })
  const progress = progressOn(output as never)
  progress.begin(0, 0)
  progress.say('commit 1: 1 files')
  progress.end()
  expect(String(output.read())).toBe('publish: commit 1: 1 files\n')
})
