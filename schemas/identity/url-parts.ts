/** Of a URL as the WHATWG parse spells it, such as canonicalUrl gives: cut, since parsing once more costs more than all else that is done with a link. */
const pathStart = (url: string): number => url.indexOf('/', 'https://'.length)

/** Scheme, host name and port. */
export const originOf = (url: string): string => url.slice(0, pathStart(url))

/** Host name and port, if it is not the usual one. */
export const hostOf = (url: string): string => url.slice(url.indexOf('//') + 2, pathStart(url))

/** Host name without its port. @param host as `hostOf` gives it, or a Host header */
export const hostnameOf = (host: string): string => host.replace(/:\d+$/, '')

/** Path and query. */
export const pathOf = (url: string): string => url.slice(pathStart(url))

/**
 * Whether one owner most likely runs both hosts, by their names: with and without `www.`, one below the other, or both below one name (`www.site.example`
 * and `maps.site.example`). Told without a list of public suffixes, so it grants no rights.
 */
export function isSameSite(hostname: string, other: string): boolean {
  const [one, two] = [hostname.replace(/^www\./, ''), other.replace(/^www\./, '')]
  return one === two || one.endsWith(`.${two}`) || two.endsWith(`.${one}`) || parentOf(one) === parentOf(two)
}

/** Itself, where there is none but a top-level domain, and of an address. */
function parentOf(hostname: string): string {
  const parent = hostname.slice(hostname.indexOf('.') + 1)
  return parent.includes('.') && !/^[\d.]+$/.test(hostname) ? parent : hostname
}
