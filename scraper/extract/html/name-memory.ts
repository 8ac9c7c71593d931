import { recentValues } from '#infra/recent-values.ts'

const bytesMax = 8 * 2 ** 20
/** What was read from names: two numbers, say. */
const foundBytes = 48
/** Of the classes in an attribute, those within so many characters count. */
export const nameChars = 300

/**
 * A reading of names that remembers what it read: classes come again and again, on a page and on the pages of a host.
 * @param read gives something small, never undefined; looks at `nameChars` characters at most
 */
export function remembered<T extends {}>(read: (names: string) => T): (names: string) => T {
  const known = recentValues<string, T>({ bytesMax, bytesOf: () => foundBytes })
  return (names) => {
    const old = known.get(names)
    if (old !== undefined) return old
    const found = read(names)
    if (names.length <= 2 * nameChars) known.keep(names, found)
    return found
  }
}
