import { recentValues } from '#infra/recent-values.ts'
import type { Clock } from '#schemas/clock.ts'
import { hostOf } from '#schemas/identity/url-parts.ts'
import { doubleHash } from './double-hash.ts'
import type { HostMarks } from './host-marks.ts'
import { isStep } from './steps.ts'
import { shapesOf, type UrlShape } from './url-shape.ts'

/** What came of a visit of a page. */
export interface PageNews {
  /**
   * `new`: a text that its host had not shown yet, and that is kept; `other`: one that its host had not shown yet, and that is refused for what it is;
   * `like`: as that, but it differs from one that was shown in numbers alone; `known`: its host has shown these bytes or this text elsewhere; `none`: no text.
   */
  text: 'new' | 'other' | 'like' | 'known' | 'none'
  /** Pages that it was the first to lead to. */
  led: readonly string[]
  /** Of the page (Target.depth). */
  depth?: number | undefined
}

/**
 * Learns by host which shapes of URL (url-shape.ts) lead to new texts. One that has led to none so many times in a row is barren: its further URLs are put off,
 * but for one in eight by a hash of the URL, one in sixteen after the next that was for nothing, and so on, and once a day; when one of them has news, all are open again. So a place without
 * end costs its host some dozen visits and then hardly any, whatever its addresses look like, and a list of which the first pages repeat others is found again.
 *
 * A page without a text of its own has news when what it leads to has (a list, or a list of lists). As long as nobody has seen what it leads to, a few count for
 * nothing, and the others wait for a moment: what lies nearer comes first, so a host may have many lists before the first page that they list.
 * What a sitemap or a feed lists is never put off.
 */
export interface ShapeNews {
  /** Whether a link is not worth to be remembered: its shape was barren for long. */
  isBarren(url: string): boolean
  /** How long (ms) a page that waits is put off; undefined: it is not. */
  putOffMs(url: string): number | undefined
  /** Whether no page like this was visited. */
  isUntried(url: string): boolean
  /** Whether pages like this have given new texts, and do. */
  isProven(url: string): boolean
  /** 0..1: how likely it has news, by those before. */
  hopeOf(url: string): number
  note(url: string, news: PageNews): void
}

export interface ShapeNewsParts {
  marks: HostMarks
  pace: Clock
  /** Visits in a row without news after which a template is barren, those that brought what is known counted twice; wider shapes after half as many more. */
  barrenAfter?: number
  /** For how long at first; then eight times as long as it has been barren, up to a day. */
  putOffMinMs?: number
  /** For how long at first as long as what its pages lead to was not seen: soon it may be. */
  unseenMs?: number
}

/** What is known of a shape. */
interface Track {
  /** Visits with news, up to `newsMax`. */
  news: number
  /** Visits without, in a row, in sixteenths: see `weights`. */
  streak: number
}

/** A page that another leads to. */
interface Lead {
  url: string
  shapes: readonly UrlShape[]
}

const topic = 0
/**
 * What came of a visit, in sixteenths of one for nothing. A host that says something else each time is no place without end, whatever the rules think of its
 * texts; only after a hundred such pages in a row is it left. One that numbers its pages is when they lie far, or each
 * leads to the next.
 */
const weights = { known: 32, none: 16, like: 2, other: 1 }
const visitWeight = weights.none
/** Target.depth up to which pages that differ in numbers alone may be what a first page lists. */
const nearDepth = 2
const streakFactor = 2 ** 20
const newsMax = 15
const unknown: Track = { news: 0, streak: 0 }
/** Of those that wait one in so many is visited all the same when a shape has become barren. */
const samplesFirst = 8
const samplesDoubledMax = 30
/** So much longer than its patience a shape is barren before links to it are not even remembered. */
const forgetAfter = 2
/** Pages of one folder that count for nothing as long as what they lead to was not seen, in a row. */
const trustMax = 8
/** What pages lead to is expected to be seen within this. */
const undecidedMs = 20_000
/** Lists of lists are seen through so far. */
const stepsMax = 4
/** What a page leads to is judged by so many of its links. */
const ledMax = 200
const dayMs = 86_400_000
const [tracksBytes, timesBytes, parentsBytes] = [8 * 2 ** 20, 2 ** 20, 2 * 2 ** 20]

export function shapeNews({ marks, pace, barrenAfter = 8, putOffMinMs = 600_000, unseenMs = 1000 }: ShapeNewsParts): ShapeNews {
  const tracks = recentValues<number, number>({ bytesMax: tracksBytes })
  /** Since when a shape is barren, as far as this process has seen. */
  const barrenSince = recentValues<number, number>({ bytesMax: timesBytes })
  /** Folder → a page that led to it and may be thanked for its next news. */
  const parents = recentValues<number, string>({ bytesMax: parentsBytes, bytesOf: (url) => 2 * url.length })
  /** Shape → a folder that its pages were the first to lead to. */
  const leadsTo = recentValues<number, number>({ bytesMax: timesBytes })
  /** Folder → its pages in a row that counted for nothing. */
  const trusted = recentValues<number, number>({ bytesMax: timesBytes })

  const patienceOf = ({ form }: UrlShape): number => (form === 'template' || form === 'queries' ? barrenAfter : Math.ceil(1.5 * barrenAfter))
  const trackOf = (url: string, { mark }: UrlShape): Track => {
    let value = tracks.get(mark)
    if (value === undefined) {
      value = marks.get(url, 'shapes', topic, mark) ?? 0
      tracks.keep(mark, value)
    }
    return value === 0 ? unknown : { news: Math.floor(value / streakFactor), streak: value % streakFactor }
  }
  const keep = (url: string, { mark }: UrlShape, { news, streak }: Track): void => {
    const value = Math.min(newsMax, news) * streakFactor + Math.min(streakFactor - 1, streak)
    if (tracks.get(mark) === value) return
    tracks.keep(mark, value)
    marks.put(url, 'shapes', topic, mark, value)
    if (streak === 0) barrenSince.drop(mark)
  }
  const praise = (url: string, shapes: readonly UrlShape[]): void => {
    trusted.drop(folderOf(shapes))
    for (const shape of shapes) keep(url, shape, { news: trackOf(url, shape).news + 1, streak: 0 })
  }
  /** The shape that has been barren for longest by its own measure, if any has: by how much. What a narrower one is good for, no wider one takes away. */
  const worstOf = (url: string): { shape: UrlShape; excess: number } | undefined => {
    let worst: { shape: UrlShape; excess: number } | undefined
    for (const shape of shapesOf(url)) {
      const { news, streak } = trackOf(url, shape)
      const excess = Math.floor(streak / visitWeight) - patienceOf(shape)
      if (excess >= 0 && excess >= (worst?.excess ?? 0)) worst = { shape, excess }
      else if (news > 0) break
    }
    return worst
  }
  /** Whether what pages of a shape lead to, or that leads to, was not seen yet. */
  const isUndecided = (url: string, mark: number, steps = stepsMax): boolean => {
    const folder = leadsTo.get(mark)
    if (folder === undefined || steps === 0) return false
    return trackOf(url, { form: 'folder', mark: folder }) === unknown || isUndecided(url, folder, steps - 1)
  }
  /** Thanks whatever led to a folder, and what led there. */
  const praiseParents = (start: number): void => {
    for (let folder = start, steps = 0; steps < stepsMax; steps++) {
      const parent = parents.get(folder)
      if (parent === undefined) return
      parents.drop(folder)
      const shapes = shapesOf(parent)
      praise(parent, shapes)
      folder = folderOf(shapes)
    }
  }
  /** Whether a page is spared for what it leads to. */
  const isTrusted = (folder: number, others: readonly Lead[]): boolean => {
    const before = trusted.get(folder) ?? 0
    const isUnseen = ({ url, shapes }: Lead) => shapes.every((shape) => shape.form === 'place' || trackOf(url, shape) === unknown)
    if (before >= trustMax || !others.some(isUnseen)) return false
    trusted.keep(folder, before + 1)
    return true
  }

  return {
    isBarren(url) {
      const worst = worstOf(url)
      return worst !== undefined && worst.excess >= forgetAfter && !isSample(url, worst.excess) && !isUndecided(url, worst.shape.mark)
    },
    putOffMs(url) {
      const worst = worstOf(url)
      if (!worst || isSample(url, worst.excess)) return undefined
      const { mark } = worst.shape
      const now = pace.now()
      const since = barrenSince.get(mark) ?? now
      // Once a day it may be that its host has mended it. A clock that was put back is none to wait for.
      const passedMs = Math.max(0, now - since)
      if (passedMs === 0 || passedMs >= dayMs) barrenSince.keep(mark, now)
      const leastMs = passedMs < undecidedMs && isUndecided(url, mark) ? unseenMs : putOffMinMs
      return passedMs >= dayMs ? undefined : Math.max(leastMs, Math.min(dayMs, 7 * passedMs))
    },
    isUntried: (url) => shapesOf(url).every((shape) => shape.form === 'place' || trackOf(url, shape) === unknown),
    isProven: (url) => worstOf(url) === undefined && shapesOf(url).some((shape) => shape.form !== 'place' && trackOf(url, shape).news > 0),
    hopeOf(url) {
      const [narrowest] = shapesOf(url)
      return narrowest ? Math.max(0, 1 - trackOf(url, narrowest).streak / (2 * visitWeight * patienceOf(narrowest))) : 1
    },
    note(url, { text, led, depth = 0 }) {
      const shapes = shapesOf(url)
      const folder = folderOf(shapes)
      const others = leadsOf(url, folder, led)
      if (text === 'new') {
        praise(url, shapes)
        praiseParents(folder)
      } else {
        const goesOn = depth > nearDepth || led.some((to) => isStep(url, to))
        const weight = weights[text === 'like' && goesOn ? 'none' : text]
        for (const shape of text === 'none' && isTrusted(folder, others) ? [] : shapes) {
          const track = trackOf(url, shape)
          keep(url, shape, { ...track, streak: track.streak + weight })
        }
      }
      for (const other of others) {
        const led = folderOf(other.shapes)
        parents.keep(led, url)
        if (text === 'none') for (const { mark } of shapes) leadsTo.keep(mark, led)
      }
    },
  }
}

const isSample = (url: string, excess: number): boolean => doubleHash(url) % (samplesFirst * 2 ** Math.min(samplesDoubledMax, excess)) === 0

/** One page of each other folder of the host that it leads to. */
function leadsOf(url: string, folder: number, led: readonly string[]): Lead[] {
  const byFolder = new Map<number, Lead>()
  for (const to of led.slice(0, ledMax)) {
    if (hostOf(to) !== hostOf(url)) continue
    const shapes = shapesOf(to)
    if (folderOf(shapes) !== folder) byFolder.set(folderOf(shapes), { url: to, shapes })
  }
  return [...byFolder.values()]
}

/** The mark of its folder. */
const folderOf = (shapes: readonly UrlShape[]): number => shapes.find(({ form }) => form === 'folder')?.mark ?? 0
