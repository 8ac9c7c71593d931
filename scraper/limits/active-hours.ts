/** A part of the day in local time, minutes since midnight; it may go over midnight. */
export interface ActiveHours {
  from: number
  to: number
}

const dayMinutes = 24 * 60
const minuteMs = 60_000

/** @param text `22:00-06:00`, as the settings have it; the same time twice is the whole day */
export function parseActiveHours(text: string): ActiveHours {
  const [from = 0, to = 0] = text.split('-').map((time) => {
    const [hours = 0, minutes = 0] = time.split(':').map(Number)
    return hours * 60 + minutes
  })
  return { from, to }
}

/**
 * How long until the hours begin, ms; 0 within them. By the machine's own time zone; around a change of its clocks it may be an hour off, so ask again.
 * @param now ms since epoch
 */
export function untilActiveMs({ from, to }: ActiveHours, now: number): number {
  const date = new Date(now)
  const minute = date.getHours() * 60 + date.getMinutes()
  const length = (to - from + dayMinutes) % dayMinutes || dayMinutes
  if ((minute - from + dayMinutes) % dayMinutes < length) return 0
  const sinceMinuteMs = date.getSeconds() * 1000 + date.getMilliseconds()
  return ((from - minute + dayMinutes) % dayMinutes) * minuteMs - sinceMinuteMs
}
