/**
 * The same characters in memory of their own, in one piece: a part of a page that is kept would keep the whole page, and a text that is a part of another is
 * compared at ten times the cost. Whatever outlives the page it was read from is one of these.
 */
export function detached(text: string): string {
  const encoding = isLatin1(text) ? 'latin1' : 'utf16le'
  return Buffer.from(text, encoding).toString(encoding)
}

// eslint-disable-next-line no-control-regex
const isLatin1 = (text: string): boolean => /^[\0-\xff]*$/.test(text)
