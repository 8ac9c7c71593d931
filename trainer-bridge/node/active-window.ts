import { OrreryError } from '#schemas/errors.ts'
import { zonedTime, type ZonedTime } from './zoned-time.ts'

/** When a node may work: from a time of the day to another, each day anew. */
export interface ActiveWindow {
  /** The window that holds `at`, else the next one; ms since the Unix epoch. Of one without end, `endsAt` is Infinity. */
  around(at: number): { beginsAt: number; endsAt: number }
}

/** Without end. */
export const alwaysActive: ActiveWindow = { around: () => ({ beginsAt: -Infinity, endsAt: Infinity }) }

/**
 * @param text like 22:00-06:00, over midnight where it ends before it begins; undefined: always
 * @param timeZone whose clock it is about, IANA name; undefined: this machine's
 * @throws OrreryError `invalid_argument`
 */
export function activeWindow(text: string | undefined, timeZone: string | undefined): ActiveWindow {
  const zone = zonedTime(timeZone)
  return text === undefined ? alwaysActive : dailyWindow(text, zone)
}

function dailyWindow(text: string, zone: ZonedTime): ActiveWindow {
  const [from, to] = minutesOf(text)
  const windowOf = (day: number) => ({
    beginsAt: zone.instantOf({ day, minute: from }),
    endsAt: zone.instantOf({ day: to > from ? day : day + 1, minute: to }),
  })
  return {
    around(at) {
      // That of yesterday may last until today; where the clock goes forward one may be empty, and the one after it counts.
      const today = zone.wallTime(at).day
      for (let day = today - 1; ; day++) {
        const window = windowOf(day)
        if (at < window.endsAt && window.beginsAt < window.endsAt) return window
      }
    },
  }
}

function minutesOf(text: string): [from: number, to: number] {
  const [, fromHour, fromMinute, toHour, toMinute] = /^(\d{1,2}):(\d\d)-(\d{1,2}):(\d\d)$/.exec(text) ?? []
  const from = minuteOf(fromHour, fromMinute)
  const to = minuteOf(toHour, toMinute)
  if (from < 24 * 60 && to <= 24 * 60 && from !== to) return [from, to]
  throw new OrreryError('invalid_argument', `--active "${text}" is no span of a day; write one like 22:00-06:00, or leave it out to be always active.`, {
    text,
  })
}

/** NaN for what is no time. */
const minuteOf = (hour: string | undefined, minute: string | undefined): number => (Number(minute) < 60 ? 60 * Number(hour) + Number(minute) : NaN)
