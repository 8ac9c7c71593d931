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
