const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

/** A whole number, in groups: 12,345. */
export const countOf = (value: number): string => grouped.format(value)

/** To so many decimals; what is not known is a dash. */
export const decimals = (value: number | null | undefined, digits: number): string =>
  value === null || value === undefined || !Number.isFinite(value) ? '–' : value.toFixed(digits)

const byteUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

/** Decimal units: 3.4 MB. */
export function bytesOf(bytes: number): string {
  let [value, unit] = [bytes, 0]
  for (; value >= 999.5 && unit < byteUnits.length - 1; unit++) value /= 1000
  return `${value.toFixed(unit === 0 || value >= 99.95 ? 0 : 1)} ${byteUnits[unit]}`
}

/** A time to wait or a time that went by, in its two largest units: 45 s, 3 min 5 s, 2 h 10 min, 3 d 4 h. */
export function durationOf(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000))
  const units = [
    { name: 'd', count: Math.floor(seconds / 86_400) },
    { name: 'h', count: Math.floor(seconds / 3600) % 24 },
    { name: 'min', count: Math.floor(seconds / 60) % 60 },
    { name: 's', count: seconds % 60 },
  ]
  const first = units.findIndex(({ count }) => count > 0)
  if (first < 0) return '0 s'
  return units
    .slice(first, first + 2)
    .filter(({ count }) => count > 0)
    .map(({ name, count }) => `${count} ${name}`)
    .join(' ')
}
