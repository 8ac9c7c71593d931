/** Text of outsiders without what would change what stands beside it: control characters, and those that turn the direction of writing. */
export const printable = (text: string): string => text.replace(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '\ufffd')

/** The same as HTML has it. */
export const escaped = (text: string): string => printable(text).replace(/[&<>"']/g, (char) => entities.get(char) ?? char)

const entities = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&#39;'],
])

export interface Bar {
  label: string
  value: number
}

const width = 640
const column = { height: 140, gap: 1, widthMax: 32, endsWidth: 220 }
const row = { height: 22, labelWidth: 220, labelChars: 28, numberWidth: 90 }

const numbers = new Intl.NumberFormat('en')
export const spelled = (value: number): string => numbers.format(value)

/** What of the scale a value takes; of nothing at all nothing. */
const scaled = (value: number, most: number, length: number): number => (most === 0 ? 0 : Math.round((value / most) * length * 10) / 10)
const greatest = (bars: readonly Bar[]): number => bars.reduce((most, { value }) => Math.max(most, value), 0)

/** Bars that lie, with their names and numbers: the most frequent values. */
export function lyingBars(title: string, bars: readonly Bar[]): string {
  const most = greatest(bars)
  const length = width - row.labelWidth - row.numberWidth
  const drawn = bars.map(({ label, value }, n) => {
    const y = n * row.height
    const short = label.length > row.labelChars ? `${Array.from(label).slice(0, row.labelChars).join('')}…` : label
    const size = Math.max(1, scaled(value, most, length))
    return (
      `<g><title>${escaped(label)}: ${spelled(value)}</title><text x="${row.labelWidth - 8}" y="${y + 15}" text-anchor="end">${escaped(short)}</text>` +
      `<rect x="${row.labelWidth}" y="${y + 3}" width="${size}" height="${row.height - 6}"/><text x="${row.labelWidth + size + 6}" y="${y + 15}">${spelled(value)}</text></g>`
    )
  })
  return figure(title, bars.length * row.height, drawn)
}

/** Bars that stand, side by side: a histogram. @param ends of its scale, named below */
export function standingBars(title: string, bars: readonly Bar[], ends: readonly [string, string]): string {
  const most = greatest(bars)
  const each = Math.min(column.widthMax, width / Math.max(1, bars.length))
  const end = each * bars.length
  const drawn = bars.map(({ label, value }, n) => {
    const size = scaled(value, most, column.height)
    const at = `x="${(n * each).toFixed(2)}" y="${column.height - size}" width="${Math.max(0.5, each - column.gap).toFixed(2)}" height="${size}"`
    return `<g><title>${escaped(label)}: ${spelled(value)}</title><rect ${at}/></g>`
  })
  const axis = [
    `<line x1="0" x2="${end.toFixed(2)}" y1="${column.height}" y2="${column.height}"/>`,
    `<text x="0" y="${column.height + 16}">${escaped(ends[0])}</text>`,
    // Beside each other where there is no room for both below.
    ends[0] === ends[1] ? '' : `<text x="${Math.max(end, column.endsWidth).toFixed(2)}" y="${column.height + 16}" text-anchor="end">${escaped(ends[1])}</text>`,
  ]
  return figure(title, column.height + 22, [...drawn, ...axis])
}

const figure = (title: string, height: number, drawn: readonly string[]): string =>
  `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}"><title>${escaped(title)}</title>${drawn.join('')}</svg>`
