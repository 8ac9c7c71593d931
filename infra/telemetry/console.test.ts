import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { jsonLines, livePanel } from './console.ts'
import { jsonLine } from './json-line.ts'
import { createTelemetry } from './telemetry.ts'

function written(size: { columns?: number; rows?: number } = {}) {
  const parts: string[] = []
  const listeners = new Set<() => void>()
  return {
    parts,
    ...size,
    writableNeedDrain: false,
    write: (text: string) => parts.push(text),
    on: (_: 'resize', listener: () => void) => listeners.add(listener),
    removeListener: (_: 'resize', listener: () => void) => listeners.delete(listener),
    resized: () => listeners.forEach((listener) => listener()),
    listeners,
  }
}

test('writes each event as one JSON line with its time', () => {
  const hub = createTelemetry()
  const output = written()
  const view = jsonLines(hub, output, () => 0)
  hub.event('crawl.progress', { pages: 3, emission: 5n })
  view.close()
  hub.event('after.close')
  expect(output.parts).toEqual(['{"event":"crawl.progress","at":"1970-01-01T00:00:00.000Z","pages":3,"emission":"5"}\n'])
})

const line = (fields: Record<string, unknown>) => JSON.parse(jsonLine('e', 0, fields)) as Record<string, unknown>

test('an event is one line of JSON with its own name, whatever its fields hold', () => {
  const circular: Record<string, unknown> = { name: 'a' }
  circular['self'] = { again: [circular] }
  const shared = { twice: 1 }
  expect(line({ circular })['circular']).toEqual({ name: 'a', self: { again: ['[circular]'] } })
  expect(line({ a: shared, b: [shared, shared] })).toMatchObject({ a: shared, b: [shared, shared] })
  expect(line({ n: NaN, i: -Infinity, b: 2n ** 70n })).toMatchObject({ n: null, i: null, b: '1180591620717411303424' })
  expect(line({ event: 'other', at: 'never' })).toEqual({ event: 'e', at: '1970-01-01T00:00:00.000Z' })
  expect(line({ map: new Map([['k', 1n]]), set: new Set(['x']), error: new TypeError('bad') })).toMatchObject({
    map: [['k', '1']],
    set: ['x'],
    error: { name: 'TypeError', message: 'bad' },
  })
  expect(
    line({
      get bad() {
        throw new Error('no')
      },
    }),
  ).toMatchObject({ event: 'e', unreadable: true })
})

const textOf = (parts: string[]) => fc.array(fc.constantFrom(...parts)).map((chosen) => chosen.join(''))

test('no line end and no half of a surrogate pair gets into a line', () => {
  const parts = ['a', '\ud800', '\udc00', '\n', '\r', '\x1b', '\x85', '\u2028']
  const text = textOf([...parts, '\\ud800', '\\'])
  // JSON.parse of Node 24 may take a key with an escape in it for one with a backslash that it met before: keys that are read here have none.
  const key = textOf(parts)
  expect(jsonLine('e', 0, { '\\ud800': 1, '\\\ud800': 2 })).toContain(String.raw`"\\ud800":1,"\\${'\ufffd'}":2`)
  fc.assert(
    fc.property(fc.dictionary(key, fc.oneof(text, fc.array(text))), (fields) => {
      const line = jsonLine('e', 0, fields)
      expect(line.slice(0, -1)).not.toMatch(/[\p{Cc}\u2028\u2029]/u)
      const parsed = JSON.parse(line) as Record<string, unknown>
      const texts = Object.entries(parsed).flat(2) as string[]
      for (const each of texts) expect(each.isWellFormed()).toBe(true)
      // What was well-formed comes back as it was.
      const wellFormed = Object.entries(fields).filter(([key, value]) => key.isWellFormed() && typeof value === 'string' && value.isWellFormed())
      expect(parsed).toMatchObject(Object.fromEntries(wellFormed))
    }),
  )
})

test('draws the panel over the last one by a timer, in the size that the terminal has', () => {
  vi.useFakeTimers()
  try {
    const output = written({ columns: 30, rows: 9 })
    let draws = 0
    const view = livePanel(output, ({ columns, rows }) => [`${columns}×${rows}`, `drawn ${++draws}`])
    vi.advanceTimersByTime(600)
    expect(output.parts).toEqual(['\x1b[J30×9\ndrawn 1\n', '\x1b[2A\r\x1b[J30×9\ndrawn 2\n'])
    output.columns = 20
    output.resized()
    expect(output.parts.slice(2)).toEqual(['\x1b[H\x1b[J', '\x1b[J20×9\ndrawn 3\n'])
    output.writableNeedDrain = true
    vi.advanceTimersByTime(1000)
    expect(draws).toBe(3)
    view.close()
    expect(output.parts.at(-1)).toBe('\x1b[2A\r\x1b[J20×9\ndrawn 4\n')
    expect(output.listeners.size + vi.getTimerCount()).toBe(0)
  } finally {
    vi.useRealTimers()
  }
})

test('counts by name and labels, in a fixed order', () => {
  const hub = createTelemetry()
  hub.count('b')
  hub.count('a', 2, { z: '1', y: '2' })
  hub.count('a', 1, { y: '2', z: '1' })
  expect(Object.entries(hub.snapshot())).toEqual([
    ['a{y=2,z=1}', 3],
    ['b', 1],
  ])
})

test('a listener that fails does not stop the others', async () => {
  const hub = createTelemetry()
  const heard: string[] = []
  const warned = new Promise((resolve) => process.once('warning', resolve))
  hub.listen(() => {
    throw new Error('broken')
  })
  hub.listen(({ name }) => heard.push(name))
  hub.event('x')
  await warned
  expect(heard).toEqual(['x'])
})
