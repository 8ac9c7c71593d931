import { expect, test } from 'vitest'
import { noHostNotes, type HostNotes } from '#schemas/host-notes.ts'
import { manualClock } from '#test/manual-clock.ts'
import { createLastmods } from './lastmods.ts'

const day = 86_400_000
const page = (n: number, host = 'a.example') => `http://${host}/${n}`

function memoryNotes(): HostNotes {
  const notes = new Map<string, string>()
  return { get: async (kind, host) => notes.get(`${kind} ${host}`), put: async (kind, host, text) => void notes.set(`${kind} ${host}`, text) }
}

test('a host is believed until it was wrong more often than three times in four', () => {
  const lastmods = createLastmods({ notes: noHostNotes, pace: manualClock() })
  const results = [false, false, false, false].map((hadChanged) => {
    lastmods.note(page(1), hadChanged)
    return lastmods.believes(page(2))
  })
  expect(results).toEqual([true, true, true, false])
  for (let right = 0; right < 2; right++) lastmods.note(page(1), true)
  expect(lastmods.believes(page(2))).toBe(true)
})

test('one host that lies costs no other its word', () => {
  const lastmods = createLastmods({ notes: noHostNotes, pace: manualClock() })
  for (let n = 0; n < 100; n++) {
    lastmods.note(page(n, 'liar.example'), false)
    lastmods.note(page(n, 'honest.example'), n % 2 === 0)
  }
  expect([lastmods.believes(page(1, 'liar.example')), lastmods.believes(page(1, 'honest.example'))]).toEqual([false, true])
})

test('of a host that is not believed only its newest date counts, once a day, so that it can mend', () => {
  const pace = manualClock()
  const lastmods = createLastmods({ notes: noHostNotes, pace })
  for (let n = 0; n < 200; n++) lastmods.note(page(n), false)
  const dates = () => lastmods.credible([1, 3, 2].map((n) => ({ url: page(n), modifiedAt: n }))).map(({ modifiedAt }) => modifiedAt)
  expect([dates(), dates()]).toEqual([
    [undefined, 3, undefined],
    [undefined, undefined, undefined],
  ])
  // Whether the clock goes on, or was put back.
  for (const passed of [day, -400 * day]) {
    pace.advance(passed)
    expect(dates()).toEqual([undefined, 3, undefined])
  }
  // What is asked for stays.
  expect(
    lastmods.credible([
      { url: page(1), asked: page(9), modifiedAt: 1 },
      { url: page(2), modifiedAt: 2 },
    ]),
  ).toContainEqual({ url: page(1), asked: page(9) })
  for (let right = 0; right < 8; right++) lastmods.note(page(3), true)
  expect(dates()).toEqual([1, 3, 2])
})

test('what was learnt outlives the process; a note that is none says nothing', async () => {
  const [pace, notes] = [manualClock(), memoryNotes()]
  const first = createLastmods({ notes, pace })
  for (let n = 0; n < 4; n++) first.note(page(n), false)
  await notes.put('lastmod', 'http://b.example', 'nonsense', 0)
  const second = createLastmods({ notes, pace })
  const pages = [page(1), page(1, 'b.example'), page(1, 'c.example')]
  await second.recall(pages)
  expect(pages.map((url) => second.believes(url))).toEqual([false, true, true])
  // What it has learnt since is newer than what is noted.
  for (let n = 0; n < 20; n++) second.note(page(n), true)
  await second.recall([page(1)])
  expect(second.believes(page(1))).toBe(true)
})
