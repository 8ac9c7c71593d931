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

/** The pattern of all pages of an origin. In a pattern the colons of an IPv6 address would be names. */
export const originPattern = (origin: string): string => `${origin.replace(/\[.*\]/, (address) => address.replaceAll(':', String.raw`\:`))}/*`
