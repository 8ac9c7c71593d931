import fc from 'fast-check'
import { expect, test } from 'vitest'
import { activeWindow } from './active-window.ts'

const around = (text: string, timeZone: string, at: string): [string, string] => {
  const { beginsAt, endsAt } = activeWindow(text, timeZone).around(Date.parse(at))
  return [new Date(beginsAt).toISOString(), new Date(endsAt).toISOString()]
}
const span = (from: string, to: string): [string, string] => [`${from}:00.000Z`, `${to}:00.000Z`]

test.each([
  ['within it', '22:00-06:00', 'UTC', '2026-03-10T23:00Z', span('2026-03-10T22:00', '2026-03-11T06:00')],
  ['after midnight, within it', '22:00-06:00', 'UTC', '2026-03-11T05:59Z', span('2026-03-10T22:00', '2026-03-11T06:00')],
  ['at its end, the next one', '22:00-06:00', 'UTC', '2026-03-11T06:00Z', span('2026-03-11T22:00', '2026-03-12T06:00')],
  ['at its beginning', '22:00-06:00', 'UTC', '2026-03-10T22:00Z', span('2026-03-10T22:00', '2026-03-11T06:00')],
  ['of a day', '9:30-17:00', 'UTC', '2026-03-10T18:00Z', span('2026-03-11T09:30', '2026-03-11T17:00')],
  ['until midnight', '20:00-24:00', 'UTC', '2026-12-31T23:59Z', span('2026-12-31T20:00', '2027-01-01T00:00')],
  ['by the clock of the place', '22:00-06:00', 'Asia/Kathmandu', '2026-03-10T23:00Z', span('2026-03-10T16:15', '2026-03-11T00:15')],
  ['where it is a day ahead', '01:00-02:00', 'Pacific/Kiritimati', '2026-03-10T11:30Z', span('2026-03-10T11:00', '2026-03-10T12:00')],
  // Berlin: 29 March 2026 has no 02:00 to 03:00, 25 October has it twice.
  ['a night that is an hour short', '22:00-06:00', 'Europe/Berlin', '2026-03-28T23:00Z', span('2026-03-28T21:00', '2026-03-29T04:00')],
  ['a night that is an hour long', '22:00-06:00', 'Europe/Berlin', '2026-10-24T23:00Z', span('2026-10-24T20:00', '2026-10-25T05:00')],
  ['an end that is skipped', '22:00-02:30', 'Europe/Berlin', '2026-03-28T23:00Z', span('2026-03-28T21:00', '2026-03-29T01:00')],
  ['a beginning that is skipped', '02:30-06:00', 'Europe/Berlin', '2026-03-29T00:30Z', span('2026-03-29T01:00', '2026-03-29T04:00')],
  ['one that is skipped whole', '02:10-02:50', 'Europe/Berlin', '2026-03-29T00:30Z', span('2026-03-30T00:10', '2026-03-30T00:50')],
  ['an end that comes twice', '22:00-02:30', 'Europe/Berlin', '2026-10-25T00:00Z', span('2026-10-24T20:00', '2026-10-25T00:30')],
  ['a beginning that comes twice', '02:30-06:00', 'Europe/Berlin', '2026-10-25T01:00Z', span('2026-10-25T00:30', '2026-10-25T05:00')],
  ['a day that was skipped whole', '22:00-06:00', 'Pacific/Apia', '2011-12-30T11:00Z', span('2011-12-30T10:00', '2011-12-30T16:00')],
  ['half an hour of summer time', '01:45-02:15', 'Australia/Lord_Howe', '2026-10-03T15:00Z', span('2026-10-03T15:15', '2026-10-03T15:30')],
])('%s', (_what, text, timeZone, at, expected) => expect(around(text, timeZone, at)).toEqual(expected))

test('without a window it is always', () => {
  expect(activeWindow(undefined, undefined).around(0)).toEqual({ beginsAt: -Infinity, endsAt: Infinity })
})

const clock = (minute: number) => `${Math.floor(minute / 60)}:${String(minute % 60).padStart(2, '0')}`

test('a window is found for any moment, ends after it, and is the same for each moment in it', () => {
  const minutes = fc.integer({ min: 0, max: 1439 })
  const zones = fc.constantFrom('UTC', 'Europe/Berlin', 'America/St_Johns', 'Australia/Lord_Howe', 'Africa/Casablanca', 'America/Sao_Paulo', 'Asia/Tehran')
  const moments = fc.integer({ min: Date.UTC(2015, 0), max: Date.UTC(2027, 0) })
  fc.assert(
    fc.property(minutes, minutes, zones, moments, fc.double({ min: 0, max: 1, noNaN: true }), (from, to, zone, at, part) => {
      fc.pre(from !== to)
      const window = activeWindow(`${clock(from)}-${clock(to)}`, zone)
      const { beginsAt, endsAt } = window.around(at)
      expect(endsAt).toBeGreaterThan(Math.max(at, beginsAt))
      expect(endsAt - beginsAt).toBeLessThanOrEqual(25 * 3_600_000)
      expect(beginsAt - at).toBeLessThanOrEqual(49 * 3_600_000)
      expect(window.around(beginsAt + part * (endsAt - 1 - beginsAt))).toEqual({ beginsAt, endsAt })
    }),
    { numRuns: 150 },
  )
})

test.each(['22-06', '22:00', '22:00-22:00', '24:00-06:00', '25:00-06:00', '10:60-11:00', '-1:00-06:00', '22:00-06:00 ', '', '22:00-24:01'])(
  'refuses "%s" as a span of a day',
  (text) => expect(() => activeWindow(text, 'UTC')).toThrow(expect.objectContaining({ code: 'invalid_argument' })),
)

test('refuses a time zone that nobody knows', () => {
  for (const zone of ['Europe/Atlantis', '__proto__', '']) expect(() => activeWindow('1:00-2:00', zone)).toThrow(/--time-zone/)
})
