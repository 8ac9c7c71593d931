import { mkdir } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { OrreryError } from '#schemas/errors.ts'
import { Interrupted } from '../interrupt.ts'
import { failureOf } from './failure.ts'

const aborted = () => new DOMException('interrupted', 'AbortError')

test('what a person ended ends without a word', () => {
  expect(failureOf(new Interrupted('SIGINT', aborted()))).toEqual({ text: '', exitCode: 130 })
  expect(failureOf(new Interrupted('SIGTERM', new Error('fetch failed', { cause: aborted() })))).toEqual({ text: '', exitCode: 143 })
})

test('what went wrong on the way out is one line', () => {
  const cause = new SuppressedError(new OrreryError('store_unavailable', 'The disk is full;\nmake room.'), aborted(), '')
  expect(failureOf(new Interrupted('SIGINT', cause))).toEqual({
    text: 'orrery: interrupted, and on the way out: The disk is full; make room.\n',
    exitCode: 130,
  })
})

test('what a person can mend is one line with the exit code of its kind', () => {
  expect(failureOf(new OrreryError('invalid_config', 'No such\x1b[2J setting\nhere.'))).toEqual({ text: 'orrery: No such [2J setting here.\n', exitCode: 2 })
  expect(failureOf(new OrreryError('not_found', 'Nothing there.'))).toEqual({ text: 'orrery: Nothing there.\n', exitCode: 1 })
})

test('a machine that refuses is no fault of the program', async () => {
  const refusal: unknown = await mkdir('/dev/null/x').catch((error: unknown) => error)
  expect(failureOf(refusal)).toEqual({ text: expect.stringMatching(/^orrery: "\/dev\/null\/x" refuses \(ENOTDIR, mkdir\): [^\n]+\n$/), exitCode: 1 })
})

test('what is our fault is told whole', () => {
  expect(failureOf(new TypeError('x is not a function'))).toEqual({
    text: expect.stringMatching(/please report it\.\nTypeError: x is not a function\n +at /),
    exitCode: 70,
  })
})
