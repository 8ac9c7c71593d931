/**
 * Where addresses name the language of a page, as regular expressions of RE2, Java and JavaScript that find its two letters, on an address in small letters:
 * in the first two folders (`/el-GR/`), before the end of a file's name or behind it, in the query, in the host. The first that finds any counts.
 */
export const addressLanguages: readonly string[] = [
  '^[a-z]+://[^/]+/(?:[^/?#]*/)??([a-z][a-z])(?:[-_](?:[a-z][a-z][a-z]?[a-z]?|[0-9]+))?(?:[/?#]|$)',
  '^[^?#]*[._]([a-z][a-z])(?:[-_][a-z]+)?[.]html?(?:[?#]|$)',
  '^[^?#]*[.]html?[.]([a-z][a-z])(?:[-_][a-z]+)?(?:[?#]|$)',
  '[?&](?:lang|language|locale|hl)=([a-z][a-z])(?:[-_&#]|$)',
  '^[a-z]+://([a-z][a-z])[.][^/]*[.]',
]
const patterns = addressLanguages.map((pattern) => new RegExp(pattern))

/** 1: the address names the language of the text; −1: another; 0: none. @param lang ISO 639-1 of the text, `und` = none */
export function addressFit(uri: string, lang: string): -1 | 0 | 1 {
  if (lang === 'und') return 0
  const address = uri.toLowerCase()
  for (const pattern of patterns) {
    const named = pattern.exec(address)?.[1]
    if (named !== undefined) return named === lang ? 1 : -1
  }
  return 0
}
