const namesMax = 20_000
/** Of the classes in an attribute, those within so many characters count. */
export const nameChars = 300

/**
 * A reading of names that remembers what it read: classes come again and again, on a page and on the pages of a host. Bounded in number and length.
 * @param read never undefined; looks at `nameChars` characters at most
 */
export function remembered<T extends {}>(read: (names: string) => T): (names: string) => T {
  const known = new Map<string, T>()
  return (names) => {
    const old = known.get(names)
    if (old !== undefined) return old
    const found = read(names)
    if (known.size >= namesMax) known.clear()
    if (names.length <= 2 * nameChars) known.set(detached(names), found)
    return found
  }
}

/** The same characters in memory of their own: a part of a page that is kept would keep the whole page. */
export const detached = (text: string): string => ` ${text}`.slice(1)
