import { expect, test } from 'vitest'
import { sieve, type Telemetry } from './stage.ts'

interface Word {
  text: string
}

function counting(): Telemetry & { counts: Record<string, number> } {
  const counts: Record<string, number> = {}
  return {
    counts,
    event: () => undefined,
    count(name, by = 1, labels = {}) {
      const key = [name, ...Object.values(labels)].join(' ')
      counts[key] = (counts[key] ?? 0) + by
    },
  }
}

const words = (...texts: string[]): Word[] => texts.map((text) => ({ text }))

test('lets through what is judged good, gives the rest to reject with its reason, and counts all three', async () => {
  const rejected: string[] = []
  const telemetry = counting()
  const upper = sieve(
    'words',
    ({ text }: Word) => (text.length < 2 ? 'too_short' : { text: text.toUpperCase() }),
    ({ text }, reason) => void rejected.push(`${text}: ${reason}`),
  )
  const signal = new AbortController().signal
  expect(await Array.fromAsync(upper(words('ab', 'c', 'de'), { signal, telemetry }))).toEqual(words('AB', 'DE'))
  expect(rejected).toEqual(['c: too_short'])
  expect(telemetry.counts).toEqual({ 'words.in': 3, 'words.out': 2, 'words.dropped too_short': 1 })
})

test('pulls no more than it is asked for, and stops at the signal', async () => {
  let pulled = 0
  function* endless(): Generator<Word> {
    for (;;) yield { text: String(++pulled) }
  }
  const controller = new AbortController()
  const all = sieve(
    'all',
    (word: Word) => word,
    () => undefined,
  )
  const output = all(endless(), { signal: controller.signal, telemetry: counting() })
  await output.next()
  expect(pulled).toBe(1)
  controller.abort(new Error('enough'))
  await expect(output.next()).rejects.toThrow('enough')
})
