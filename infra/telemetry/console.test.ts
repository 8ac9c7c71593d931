import { expect, test } from 'vitest'
import { jsonLines, livePanel } from './console.ts'
import { textTable } from './table.ts'
import { createTelemetry } from './telemetry.ts'

function written() {
  const parts: string[] = []
  return { parts, columns: 20, write: (text: string) => parts.push(text) }
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

test('draws the panel over the last one, cut to the width of the terminal', () => {
  const hub = createTelemetry()
  const output = written()
  const view = livePanel(hub, output, (counters, last) => [`pages ${counters['crawl.pages'] ?? 0} ${'.'.repeat(40)}`, String(last.get('turn')?.fields['turn'])])
  hub.count('crawl.pages', 2)
  hub.event('turn', { turn: 7 })
  view.close()
  expect(output.parts.at(-1)).toBe('\x1b[Jpages 2 ...........…\n7\n')
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

test('lays out a table with numbers to the right', () => {
  expect(
    textTable(
      ['name', 'n'],
      [
        ['a', 1],
        ['long name', 22],
      ],
    ),
  ).toBe('name        n\n─────────  ──\na           1\nlong name  22')
})
