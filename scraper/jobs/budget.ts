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
      .toSorted((a, b) => b.remainder - a.remainder || (a.label < b.label ? -1 : 1))
      .slice(0, left)
      .map(({ label }) => label),
  )
  return new Map(shares.map(({ label, whole }) => [label, whole + (favoured.has(label) ? 1 : 0)]))
}
