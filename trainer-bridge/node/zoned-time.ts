import { OrreryError } from '#schemas/errors.ts'

/** A day and a minute of it as a wall clock in some place shows them. */
interface WallTime {
  /** Days since 1970-01-01, of the calendar there. */
  day: number
  /** Minutes since midnight by the clock, 0..1440: 1440 is the midnight that ends the day. */
  minute: number
}

/** The wall clock of a time zone. */
export interface ZonedTime {
  /** What it shows at `at` (ms since the Unix epoch). */
  wallTime(at: number): WallTime
  /**
   * When it first shows that time, ms since the Unix epoch. A time that is skipped (clocks go forward) is the moment of the change, one that comes twice its
   * first.
   */
  instantOf(time: WallTime): number
}

const minuteMs = 60_000
const dayMs = 86_400_000

/** @param timeZone IANA name, like Europe/Berlin; undefined: this machine's @throws OrreryError `invalid_argument` */
export function zonedTime(timeZone: string | undefined): ZonedTime {
  const format = formatOf(timeZone)

  /** What its clock shows, as if it were UTC. */
  function shownAt(at: number): number {
    const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]))
    const of = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0
    return Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'))
  }
  /** To whole seconds, as offsets have been. */
  const offsetAt = (at: number): number => shownAt(at) - Math.floor(at / 1000) * 1000

  function changeBetween(from: number, to: number): number {
    let [before, after] = [from, to]
    const offset = offsetAt(before)
    while (after - before > 1000) {
      const middle = Math.floor((before + after) / 2000) * 1000
      if (offsetAt(middle) === offset) before = middle
      else after = middle
    }
    return after
  }

  return {
    wallTime(at) {
      const shown = shownAt(at)
      return { day: Math.floor(shown / dayMs), minute: Math.floor((shown % dayMs) / minuteMs) }
    },
    instantOf({ day, minute }) {
      const shown = day * dayMs + minute * minuteMs
      const [early, late] = [shown - dayMs, shown + dayMs]
      const candidates = [shown - offsetAt(early), shown - offsetAt(late)].toSorted((a, b) => a - b)
      return candidates.find((at) => shownAt(at) === shown) ?? changeBetween(early, late)
    },
  }
}

function formatOf(timeZone: string | undefined): Intl.DateTimeFormat {
  const numeric = 'numeric'
  try {
    return new Intl.DateTimeFormat('en-US-u-ca-iso8601-nu-latn', {
      ...(timeZone !== undefined && { timeZone }),
      hourCycle: 'h23',
      year: numeric,
      month: numeric,
      day: numeric,
      hour: numeric,
      minute: numeric,
      second: numeric,
    })
  } catch (cause) {
    throw new OrreryError('invalid_argument', `--time-zone "${timeZone}" is no time zone known here; write one like Europe/Berlin or UTC.`, { timeZone }, cause)
  }
}
