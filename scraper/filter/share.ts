/** Share of the items that pass, 0..1; 0 of none. */
export const shareOf = (items: readonly string[], passes: (item: string) => boolean): number =>
  items.reduce((count, item) => (passes(item) ? count + 1 : count), 0) / Math.max(1, items.length)
