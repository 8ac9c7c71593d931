import { isIP } from 'node:net'
import { canonicalUrl } from '#schemas/identity/canonical-url.ts'
import { hashSet, RollingHash } from './hash-set.ts'

/** What is blocked, by hashes alone. */
export interface BlockEntries {
  /** @param url canonical */
  blocks(url: string): boolean
  readonly size: number
}

export interface EntriesBuilder extends BlockEntries {
  /** Takes a line of the file. @returns whether it could be understood */
  add(line: string): boolean
}

const lengthMax = 4096
const kinds = { host: 1, domain: 2, prefix: 3 }

/**
 * One entry a line; what stands behind `#` is a comment:
 * - `www.example.org`: this host;
 * - `.example.org` or `*.example.org`: the domain and every host below it;
 * - `https://example.org/path` or `example.org/path`: every URL that begins so, whatever its scheme;
 * - `0.0.0.0 www.example.org …`: hosts, as files for /etc/hosts list them.
 */
export function blockEntries(): EntriesBuilder {
  const set = hashSet()
  /** 1 at each length that a prefix has: a URL is looked up only where one may end. */
  const ends = new Uint8Array(lengthMax + 1)
  let longest = 0
  const hash = new RollingHash()
  const put = (kind: number, text: string): true => {
    hash.start(kind).pushAll(text)
    set.add(hash.high, hash.low)
    return true
  }
  const isIn = (kind: number, text: string): boolean => {
    hash.start(kind).pushAll(text)
    return set.has(hash.high, hash.low)
  }
  const addHost = (text: string): boolean => {
    const isDomain = text.startsWith('.') || text.startsWith('*.')
    const host = hostOf(text.replace(/^\*?\./, ''))
    return host !== undefined && put(isDomain ? kinds.domain : kinds.host, host)
  }
  const addPrefix = (text: string): boolean => {
    const url = canonicalUrl(/^https?:\/\//i.test(text) ? text : `http://${text}`)
    if (url === undefined) return false
    const prefix = url.slice(url.indexOf('//') + 2)
    if (prefix.length > lengthMax) return false
    ends[prefix.length] = 1
    longest = Math.max(longest, prefix.length)
    return put(kinds.prefix, prefix)
  }
  const hasPrefix = (bare: string): boolean => {
    hash.start(kinds.prefix)
    for (let at = 0; at < bare.length && at < longest; at++) {
      hash.push(bare.charCodeAt(at))
      if (ends[at + 1] === 1 && set.has(hash.high, hash.low)) return true
    }
    return false
  }
  return {
    add(line) {
      const words = line
        .replace(/(?:^|\s)#.*$/, '')
        .trim()
        .split(/\s+/)
      const [first = '', ...rest] = words
      if (first === '') return true
      if (rest.length > 0) return isIP(first) !== 0 && rest.every((host) => addHost(host))
      return first.includes('/') ? addPrefix(first) : addHost(first)
    },
    blocks(url) {
      const from = url.indexOf('//') + 2
      const end = url.indexOf('/', from)
      const bare = url.slice(from)
      const host = url.slice(from, end === -1 ? url.length : end).replace(/:\d+$/, '')
      if (isIn(kinds.host, host) || isIn(kinds.domain, host)) return true
      for (let dot = host.indexOf('.'); dot !== -1; dot = host.indexOf('.', dot + 1)) if (isIn(kinds.domain, host.slice(dot + 1))) return true
      return hasPrefix(bare)
    },
    get size() {
      return set.size
    },
  }
}

function hostOf(text: string): string | undefined {
  const small = text.toLowerCase()
  // Most are plain names, and a URL parser takes a microsecond.
  if (/^(?=.*[a-z])[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/.test(small) && !small.includes('xn--') && !/(?:^|\.)0x|(?:^|\.)\d+$/.test(small)) return small
  const url = URL.parse(`http://${text}/`)
  return url && url.pathname === '/' && url.username === '' && url.port === '' && url.hostname !== '' ? url.hostname : undefined
}
