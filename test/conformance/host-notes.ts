import { expect, test } from 'vitest'
import { noteCharsMax, type HostNotes } from '#schemas/host-notes.ts'
import { manualClock } from '#test/manual-clock.ts'
import { killAfter, killMoments } from './child.ts'
import { openPlace, type Place } from './place.ts'

type Open = HostNotes & AsyncDisposable

/** What every HostNotes must do. `make` gives an empty place. */
export function hostNotesSuite(make: () => Promise<Place>): void {
  test('notes of hosts outlive the process, until their time is over', async () => {
    const [place, clock] = [await make(), manualClock()]
    {
      await using notes = await openPlace<Open>(place, clock)
      await notes.put('tdm', 'h.example', 'a', clock.now() + 1000)
      await notes.put('tdm', 'h.example', 'b', clock.now() + 2000)
      await notes.put('mood', 'h.example', 'c', clock.now() + 1000)
    }
    await using notes = await openPlace<Open>(place, clock)
    const all = async () => Promise.all((['tdm', 'mood', 'ai_txt'] as const).map((kind) => notes.get(kind, 'h.example')))
    expect(await all()).toEqual(['b', 'c', undefined])
    clock.advance(1000)
    expect(await all()).toEqual(['b', undefined, undefined])
  })

  test('a note that is too long takes the old one away', async () => {
    const clock = manualClock()
    await using notes = await openPlace<Open>(await make(), clock)
    for (const [length, kept] of [
      [noteCharsMax, true],
      [noteCharsMax + 1, false],
    ] as const) {
      await notes.put('tdm', 'h.example', 'x'.repeat(length), clock.now() + 1000)
      expect((await notes.get('tdm', 'h.example')) !== undefined).toBe(kept)
    }
  })

  test.each(['', '__proto__', 'constructor', 'h\u0000st', 'x'.repeat(100_000), '\ud800', "'; drop table notes; --"])(
    'a host may have any name: %j',
    async (host) => {
      const clock = manualClock()
      await using notes = await openPlace<Open>(await make(), clock)
      await notes.put('robots', 'other', 'b', clock.now() + 1000)
      expect(await notes.get('robots', host)).toBeUndefined()
      await notes.put('robots', host, 'a', clock.now() + 1000)
      // A note may be missing; it is never that of another host.
      expect(['a', undefined]).toContain(await notes.get('robots', host))
      expect(await notes.get('robots', 'other')).toBe('b')
    },
  )

  test('keeps what it acknowledged through kill -9', async () => {
    const place = await make()
    const said: { host: string; text: string }[] = []
    for (const moment of killMoments(7, 3, 40)) said.push(...(await killAfter<(typeof said)[0]>(moment, { program: 'host-notes', job: 'put', place })))
    await using notes = await openPlace<Open>(place, manualClock(Date.now()))
    expect(said.length).toBeGreaterThan(3)
    for (const { host, text } of said) expect(await notes.get('mood', host)).toBe(text)
  })
}
