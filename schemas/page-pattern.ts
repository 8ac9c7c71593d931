const charsMax = 2048

/** What is wrong with a URLPattern string that is to take pages; undefined: nothing. */
export function pagePatternFault(text: string): string | undefined {
  if (text.length > charsMax) return `longer than ${charsMax} characters`
  try {
    const { protocol } = new URLPattern(text)
    return /^[a-z][a-z0-9+.-]*$/.test(protocol) && !/^https?$/.test(protocol) ? 'only http and https are crawled' : undefined
  } catch {
    return 'no URL pattern; write one like https://example.org/*'
  }
}

const foreignCharsMax = 256

/**
 * What is wrong with a pattern of a list that others read as well: also what costs whoever tries it on an address of 2,048 characters more than a moment
 * (regular expressions, groups, wildcards that are tried again for each place of another). undefined: nothing.
 */
export function foreignPatternFault(text: string): string | undefined {
  const fault = pagePatternFault(text)
  if (fault !== undefined) return fault
  if (text.length > foreignCharsMax) return `longer than ${foreignCharsMax} characters`
  const { hasRegExpGroups, hostname, pathname, search, hash, port } = new URLPattern(text)
  const parts = [hostname, pathname, search, hash, port]
  if (hasRegExpGroups || parts.some((part) => /(?<!\\)(?:[{}]|:[\p{L}_$])/u.test(part)))
    return 'only the wildcard * is taken, no groups and regular expressions'
  // One at the end takes what is left without another try.
  const isCostly = parts.some((part) => part.replace(/\*$/, '').split('*').length > 2)
  return isCostly ? 'more than one wildcard before the end of one part' : undefined
}

/** The host name of which alone a pattern takes pages; undefined: it may take some of several, or does not say it in letters. */
export const hostOfPattern = (text: string): string | undefined => /^(?:\*|https?):\/\/([a-z0-9.-]+)(?:[/?#]|:\d*[/?#]|$)/.exec(text)?.[1]

/** The pattern of all pages of an origin. In a pattern the colons of an IPv6 address would be names. */
export const originPattern = (origin: string): string => `${origin.replace(/\[.*\]/, (address) => address.replaceAll(':', String.raw`\:`))}/*`
