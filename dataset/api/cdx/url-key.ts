/**
 * The key by which an index of pages is sorted: the Sort-friendly URI Reordering Transform, as CDX servers have it (`com,example,blog)/path?query`), of a
 * canonical URL. The scheme and a `www` in front go; a port that is none of the default ones stays. The case of the path stays as well, since two pages of
 * ours may differ by it.
 */
export function urlKey(uri: string): string {
  const { host, port, rest } = partsOf(uri)
  return `${reversedHost(host)}${port})${rest}`
}

/** What the addresses of all pages of a key's host have in them: the host, without a `www`. */
export const hostIn = (uri: string): string => partsOf(uri).host

function partsOf(uri: string): { host: string; port: string; rest: string } {
  const [, authority = '', rest = ''] = /^https?:\/\/([^/?#]*)([^]*)$/.exec(uri) ?? []
  const [, host = '', port = ''] = /^([^]*?)(:\d+)?$/.exec(authority) ?? []
  return { host: host.replace(/^www\d*\./, ''), port, rest }
}

const reversedHost = (host: string): string => (isAddress.test(host) ? host : host.split('.').toReversed().join(','))
const isAddress = /^(?:\d+\.){3}\d+$|^\[/

/** The same of the column `uri`, in SQL. */
export const urlKeyScript = `(
  CASE WHEN regexp_matches(bare_host, '^(\\d+\\.){3}\\d+$|^\\[') THEN bare_host ELSE array_to_string(list_reverse(string_split(bare_host, '.')), ',') END
  || regexp_extract(authority, ':\\d+$') || ')' || substr(uri, length(scheme) + length(authority) + 1))`

/** Of these it is made. */
export const urlPartsScript = `
  regexp_extract(uri, '^https?://') AS scheme,
  regexp_extract(uri, '^https?://([^/?#]*)', 1) AS authority,
  regexp_replace(regexp_replace(authority, ':\\d+$', ''), '^www\\d*\\.', '') AS bare_host`
