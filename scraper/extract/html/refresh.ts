const contentChars = 4096
/** Seconds, white space or a separator, and what is to come then. */
const refresh = /^[\t\n\f\r ]*(?:\d|(?=\.))[\d.]*(?=[\t\n\f\r ;,])[\t\n\f\r ]*[;,]?[\t\n\f\r ]*([^]*)$/
const urlIs = /^url[\t\n\f\r ]*=[\t\n\f\r ]*/i
const quoted = /^(?:"([^"]*)|'([^']*))/

/**
 * Where a `<meta http-equiv=refresh>` or a `Refresh` header leads, as it stands there (HTML standard, 4.2.5.3, "shared declarative refresh steps").
 * @returns undefined when it loads its own page once more, or says nothing
 */
export function refreshHref(content: string): string | undefined {
  const [, rest = ''] = refresh.exec(content.slice(0, contentChars)) ?? []
  const target = rest.replace(urlIs, '')
  const [, double, single] = quoted.exec(target) ?? []
  const href = (double ?? single ?? target).trim()
  return href === '' ? undefined : href
}
