import type { Claim } from '#schemas/frontier.ts'
import { hostOf, pathOf } from '#schemas/identity/url-parts.ts'
import { doubleHash } from './double-hash.ts'
import type { HostMarks } from './host-marks.ts'

type Page = Pick<Claim, 'url'>

/**
 * Which hosts show the same: `www.` beside the bare name, a second domain, a copy. Hosts whose pages had the same texts under the same paths, some of them in a
 * row, are mirrors as long as that is so: what one of them has under a path is not asked of the others. Each is held against one of them.
 */
export interface Mirrors {
  /** Whether another host was first to have this text. @param content documentDigest */
  isElsewhere(page: Page, content: string): boolean
  /** Whether a mirror of its host has a text under this path: all but a few such pages can wait. */
  isMirrored(page: Page): boolean
  /** A text that is kept. */
  note(page: Page, content: string): void
  forget(page: Page, content: string): void
}

const topics = { owner: 4, path: 5, mirrored: 6 }
/** In the place of a host, for what is remembered over all of them: so many that none is full before all marks are. */
const shelves = 64
/** Pages in a row that were under the same path at the same host. */
const sameMin = 3
const countFactor = 4
/** One in so many is looked at all the same, so that it is noticed when it is no mirror any more. */
const samplesOf = 16

export function mirrorsOf(marks: HostMarks): Mirrors {
  const find = (topic: number, mark: number) => marks.get(shelf(mark), 'contents', topic, mark)
  const put = (topic: number, mark: number, value: number) => marks.put(shelf(mark), 'contents', topic, mark, value)
  const drop = (topic: number, mark: number) => marks.drop(shelf(mark), 'contents', topic, mark)
  const ownerOf = (content: string) => find(topics.owner, doubleHash(content))
  /** The host that one is held against, and how many pages in a row were the same. */
  const likenessOf = (host: number): { first: number; count: number } => {
    const value = find(topics.mirrored, host)
    return value === undefined ? { first: host, count: 0 } : { first: Math.floor(value / countFactor), count: value % countFactor }
  }
  const groupOf = (host: number): number => {
    const { first, count } = likenessOf(host)
    return count >= sameMin ? first : host
  }
  const hold = (host: number, to: number): void => {
    if (host === to) return
    const { first, count } = likenessOf(host)
    put(topics.mirrored, host, to * countFactor + (first === to ? Math.min(sameMin, count + 1) : 1))
  }
  /** Where one of them is held against a third, both are; else against the one that was there first. */
  const noteSame = (own: number, owner: number): void => {
    const [mine, theirs] = [likenessOf(own).first, likenessOf(owner).first]
    const first = theirs !== owner ? theirs : mine !== own ? mine : owner
    for (const host of [own, owner]) hold(host, first)
  }
  return {
    isElsewhere({ url }, content) {
      const owner = ownerOf(content)
      return owner !== undefined && owner !== markOf(url)
    },
    isMirrored({ url }) {
      const who = find(topics.path, pathAt(groupOf(markOf(url)), url))
      return who !== undefined && who !== markOf(url) && doubleHash(url) % samplesOf !== 0
    },
    note({ url }, content) {
      const own = markOf(url)
      const group = groupOf(own)
      const owner = ownerOf(content)
      const before = find(topics.path, pathAt(group, url))
      if (owner === undefined) put(topics.owner, doubleHash(content), own)
      put(topics.path, pathAt(own, url), own)
      if (before === undefined) put(topics.path, pathAt(group, url), own)
      const isSame = owner !== undefined && owner !== own && find(topics.path, pathAt(owner, url)) !== undefined
      if (isSame) noteSame(own, owner)
      else if (owner !== own && before !== undefined && before !== own) for (const host of [own, before]) drop(topics.mirrored, host)
    },
    forget({ url }, content) {
      const own = markOf(url)
      for (const mark of [pathAt(own, url), pathAt(groupOf(own), url)]) if (find(topics.path, mark) === own) drop(topics.path, mark)
      if (ownerOf(content) === own) drop(topics.owner, doubleHash(content))
    },
  }
}

const shelf = (mark: number): string => `http://${mark % shelves}.texts.invalid/`
const pathAt = (host: number, url: string): number => doubleHash(`${host} ${pathOf(url)}`)
/** Of the host of a URL: it leaves room for a count beside it. */
const markOf = (url: string): number => Math.floor(doubleHash(hostOf(url)) / countFactor)
