import type { PrintedDate } from './date-formats.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const quarterMs = 15 * minuteMs
const dayMs = 24 * hourMs

/** Hours that the places where a language is written are ahead of UTC; where it is written all over the world, all hours there are. */
const everywhere = [-12, 14] as const
const hoursByLanguage = new Map(
  Object.entries<readonly [from: number, to: number]>({
    'en-us': [-10, -4],
    'en-gb': [0, 1],
    'en-au': [8, 11],
    'en-in': [5.5, 5.5],
    'pt-br': [-5, -2],
    'fr-ca': [-8, -2.5],
    ja: [9, 9],
    ko: [9, 9],
    zh: [8, 8],
    vi: [7, 7],
    th: [7, 7],
    hi: [5.5, 5.5],
    bn: [5.5, 6],
    fa: [3.5, 4.5],
    tr: [3, 3],
    ru: [2, 12],
    he: [2, 3],
  }),
)
for (const language of 'de it nl pl sv da no nb nn fi cs sk hu ro bg el hr sl sr uk be et lv lt sq mk is'.split(' ')) hoursByLanguage.set(language, [0, 3])

/** @param lang a lang attribute, as it stands */
export function zoneHours(lang: string | undefined): readonly [from: number, to: number] {
  const tag = lang?.toLowerCase().replace('_', '-') ?? ''
  return hoursByLanguage.get(tag) ?? hoursByLanguage.get(tag.split('-')[0] ?? '') ?? everywhere
}

/** Whether a local date or time can be an instant somewhere in these zones. A time is then a whole number of quarters of an hour away, as zones are. */
export function isSameMoment({ atMs, precision }: PrintedDate, instantMs: number, [from, to]: readonly [number, number]): boolean {
  const [first, last] = precision === 'time' ? [atMs, atMs] : [atMs, atMs + dayMs - 1]
  if (last < instantMs + from * hourMs - slackMs || first > instantMs + to * hourMs + slackMs) return false
  if (precision !== 'time') return precision === 'day'
  const rest = (((atMs - instantMs) % quarterMs) + quarterMs) % quarterMs
  return Math.min(rest, quarterMs - rest) <= slackMs
}

/** Seconds are left away, and it takes a moment from being written to being published. */
const slackMs = 2 * minuteMs
