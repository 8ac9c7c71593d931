import { compareText } from '#schemas/compare-text.ts'

/**
 * Splits `total` among labels in proportion to their weights: floors first, the rest by largest remainder, equal remainders by name.
 * @returns every label of `weights`; the parts are whole and add up to `total`
 */
export function splitBudget(total: number, weights: ReadonlyMap<string, number>): Map<string, number> {
  const sum = weights.values().reduce((a, b) => a + b, 0)
  if (sum <= 0) return new Map()
  const shares = [...weights].map(([label, weight]) => {
    const exact = (total * weight) / sum
    return { label, whole: Math.floor(exact), remainder: exact - Math.floor(exact) }
  })
  const left = total - shares.reduce((taken, { whole }) => taken + whole, 0)
  const favoured = new Set(
    shares
      .toSorted((a, b) => b.remainder - a.remainder || compareText(a.label, b.label))
      .slice(0, left)
      .map(({ label }) => label),
  )
  return new Map(shares.map(({ label, whole }) => [label, whole + (favoured.has(label) ? 1 : 0)]))
}

/** As `splitBudget`, but no label gets more than it has room for; what one cannot use goes to the others. The parts add up to `total` where there is room for it. */
export function splitWithin(total: number, weights: ReadonlyMap<string, number>, roomOf: (label: string) => number): Map<string, number> {
  const full = new Map<string, number>()
  for (let open = weights; ;) {
    const left = total - full.values().reduce((a, b) => a + b, 0)
    const parts = splitBudget(left, open)
    const over = [...parts].filter(([label, part]) => part > roomOf(label))
    if (over.length === 0) return new Map([...weights.keys()].map((label) => [label, full.get(label) ?? parts.get(label) ?? 0]))
    for (const [label] of over) full.set(label, roomOf(label))
    open = new Map([...open].filter(([label]) => !full.has(label)))
  }
}
