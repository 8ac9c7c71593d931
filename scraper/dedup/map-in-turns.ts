import { setImmediate as nextTurn } from 'node:timers/promises'

/** Longest that others wait for the thread. */
const turnMs = 20

/** What each becomes, in order; between them others have their turn. */
export async function mapInTurns<Item, Result>(items: readonly Item[], each: (item: Item) => Result): Promise<Result[]> {
  const results: Result[] = []
  let since = performance.now()
  for (const item of items) {
    results.push(each(item))
    if (performance.now() - since < turnMs) continue
    await nextTurn()
    since = performance.now()
  }
  return results
}
