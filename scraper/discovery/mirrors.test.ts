import { expect, test } from 'vitest'
import { openHostMarks } from './host-marks.ts'
import { mirrorsOf } from './mirrors.ts'

const at = (path: string, host = 'h.example') => ({ url: `http://${host}${path}` })
const range = (n: number) => Array.from({ length: n }, (_, i) => i)
const mirrored = ({ isMirrored }: ReturnType<typeof mirrorsOf>, host: string) => range(160).filter((i) => isMirrored(at(`/${i}`, host))).length

/** 160 pages of one host. */
function open() {
  const mirrors = mirrorsOf(openHostMarks())
  for (const i of range(160)) mirrors.note(at(`/${i}`), `text ${i}`)
  return mirrors
}

test('a host whose pages are those of another, path for path, waits, but for a few of them and for what the other has not', () => {
  const mirrors = open()
  mirrors.note(at('/0', 'www.h.example'), 'text 0')
  mirrors.note(at('/1', 'www.h.example'), 'text 1')
  expect(mirrored(mirrors, 'www.h.example')).toBe(0)
  mirrors.note(at('/2', 'www.h.example'), 'text 2')
  expect(mirrored(mirrors, 'www.h.example')).toBeGreaterThan(140)
  expect(mirrored(mirrors, 'www.h.example')).toBeLessThan(160)
  expect(mirrors.isMirrored(at('/of-its-own', 'www.h.example'))).toBe(false)
  expect([mirrored(mirrors, 'h.example'), mirrored(mirrors, 'other.example')]).toEqual([0, 0])
})

test('one that shows another text under such a path is none any more', () => {
  const mirrors = open()
  for (const i of range(9)) mirrors.note(at(`/${i}`, 'www.h.example'), `text ${i}`)
  mirrors.note(at('/9', 'www.h.example'), 'its own')
  expect(mirrored(mirrors, 'www.h.example')).toBe(0)
})

test('one that has the same texts under other paths is none, and they are known as those of another host', () => {
  const mirrors = open()
  for (const i of range(9)) mirrors.note(at(`/agency/${i}`, 'paper.example'), `text ${i}`)
  expect(mirrored(mirrors, 'paper.example')).toBe(0)
  expect([at('/0', 'paper.example'), at('/0')].map((page) => mirrors.isElsewhere(page, 'text 0'))).toEqual([true, false])
  expect(mirrors.isElsewhere(at('/0', 'paper.example'), 'its own')).toBe(false)
})

test('what a host gave up is free for the one it moved to', () => {
  const mirrors = open()
  for (const i of range(9)) mirrors.note(at(`/${i}`, 'new.example'), `text ${i}`)
  for (const i of range(160)) mirrors.forget(at(`/${i}`), `text ${i}`)
  expect(mirrored(mirrors, 'new.example')).toBe(0)
  expect(mirrors.isElsewhere(at('/12', 'new.example'), 'text 12')).toBe(false)
})

test('of three that are visited in turns each text is asked for little more than once', () => {
  const mirrors = mirrorsOf(openHostMarks())
  const asked = range(160).flatMap((i) =>
    ['a.example', 'b.example', 'c.example'].filter((host, k) => {
      const path = (i * (k === 2 ? 7 : 2 * k + 1) + 53 * k) % 160
      const isAsked = !mirrors.isMirrored(at(`/${path}`, host))
      if (isAsked) mirrors.note(at(`/${path}`, host), `text ${path}`)
      return isAsked
    }),
  )
  expect(asked.length).toBeLessThan(260)
})
