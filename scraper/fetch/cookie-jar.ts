interface Cookie {
  name: string
  value: string
  host: string
  path: string
  isSecure: boolean
  expiresAt: number
}

const cookiesMax = 50
const cookieChars = 4096
/** Of one request. */
const headerChars = 8192

/** What a header may hold: bytes, but for control characters. */
const writable = /^[\t\x20-\x7e\x80-\xff]*$/

/**
 * The cookies of one chain of redirects (RFC 6265 §5), forgotten with it. They go back to the host that set them and to no other; bounded in number and
 * bytes, the oldest leave first.
 */
export class CookieJar {
  readonly #now: () => number
  /** By host, path and name, in the order in which they came. */
  readonly #cookies = new Map<string, Cookie>()
  /** Goes up with each cookie that is another than before. */
  version = 0

  /** @param now ms since epoch */
  constructor(now: () => number) {
    this.#now = now
  }

  /** @param lines values of Set-Cookie @param url what they came in answer to */
  take(lines: readonly string[], url: string): void {
    const from = new URL(url)
    for (const line of lines.slice(0, cookiesMax)) {
      const cookie = line.length <= cookieChars ? cookieOf(line, from, this.#now()) : undefined
      if (cookie) this.#keep(cookie)
    }
  }

  /** The Cookie header of a request for `url`; undefined when there is none to send. */
  headerFor(url: string): string | undefined {
    if (this.#cookies.size === 0) return undefined
    const { hostname, pathname, protocol } = new URL(url)
    const now = this.#now()
    const matching = this.#cookies
      .values()
      .filter(({ host, path, isSecure, expiresAt }) => host === hostname && isWithin(pathname, path) && (!isSecure || protocol === 'https:') && expiresAt > now)
    const pairs = [...matching].toSorted((a, b) => b.path.length - a.path.length).map(({ name, value }) => (name === '' ? value : `${name}=${value}`))
    const header = pairs.join('; ')
    return header === '' || header.length > headerChars ? undefined : header
  }

  #keep(cookie: Cookie): void {
    const key = `${cookie.host} ${cookie.path} ${cookie.name}`
    const before = this.#cookies.get(key)
    if (cookie.expiresAt <= this.#now()) {
      if (this.#cookies.delete(key)) this.version += 1
      return
    }
    if (before?.value !== cookie.value) this.version += 1
    this.#cookies.set(key, cookie)
    for (const oldest of this.#cookies.keys()) if (this.#cookies.size > cookiesMax) this.#cookies.delete(oldest)
  }
}

/** §5.2 and §5.3. undefined for what this host must not set, or what cannot be sent. */
function cookieOf(line: string, from: URL, now: number): Cookie | undefined {
  const [pair = '', ...rest] = line.split(';')
  const equals = pair.indexOf('=')
  const [name, value] = [pair.slice(0, Math.max(0, equals)).trim(), pair.slice(equals + 1).trim()]
  const attributes = new Map(rest.map(attributeOf))
  const domain = attributes.get('domain')?.toLowerCase().replace(/^\./, '') ?? ''
  const isSecure = attributes.has('secure')
  const isForeign = domain !== '' && from.hostname !== domain && !from.hostname.endsWith(`.${domain}`)
  if ((name === '' && value === '') || isForeign || (isSecure && from.protocol !== 'https:') || !writable.test(name + value)) return undefined
  const path = attributes.get('path') ?? ''
  return { name, value, host: from.hostname, path: path.startsWith('/') ? path : folderOf(from.pathname), isSecure, expiresAt: expiryOf(attributes, now) }
}

function attributeOf(text: string): [name: string, value: string] {
  const [name = '', ...value] = text.split('=')
  return [name.trim().toLowerCase(), value.join('=').trim()]
}

/** Max-Age counts before Expires; a date without a time of day (§5.1.1), such as `0` or `-1`, is none. */
function expiryOf(attributes: ReadonlyMap<string, string>, now: number): number {
  const maxAge = attributes.get('max-age') ?? ''
  if (/^-?\d+$/.test(maxAge)) return now + Number(maxAge) * 1000
  const text = attributes.get('expires') ?? ''
  const expires = /\d:\d/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(expires) ? Infinity : expires
}

/** §5.1.4 */
const folderOf = (path: string): string => path.slice(0, Math.max(1, path.lastIndexOf('/')))
const isWithin = (path: string, folder: string): boolean =>
  path === folder || (path.startsWith(folder) && (folder.endsWith('/') || path[folder.length] === '/'))
