import { headerValue, type HeaderLines } from '#infra/net/header-lines.ts'
import type { Clock } from '#schemas/clock.ts'
import type { Claim, PreviousVisit, Visit } from '#schemas/frontier.ts'
import type { Lastmods } from '../discovery/lastmods.ts'
import { parseDate } from '../extract/dates/date-header.ts'
import { nextVisitAt, observe } from './change-rate.ts'
import { restAfterEnding, stands, withdrawn, withdraws, type RevisitBounds } from './ending.ts'
import { decodeMemory, encodeMemory, type KeptVersion, type PageLife, type PageMemory } from './page-memory.ts'

/** What came of a target that was read: a page with or without a document, a list, or a page that has not changed. */
export interface Reading {
  headers: HeaderLines
  /** Digest of what was made of it; undefined: the same as before (304, or the same answer). */
  content: string | undefined
  /** It leads to what nobody knew. */
  hasNews: boolean
  /** Digest of the answer; undefined: its bytes are not all that there is to it, or nothing was kept of it. */
  answer?: string | undefined
  /** Digest of what its host says of learning from it. */
  word?: string | undefined
  /** The version that is kept now. */
  kept?: KeptVersion | undefined
  /** Why none is. */
  refusal?: string | undefined
  /** From then on it must not be used any longer, by its own word (ms since epoch). */
  goodUntil?: number | undefined
}

type Remembered = Pick<Visit, 'etag' | 'lastModified' | 'memory' | 'revisitAt' | 'isWithdrawn'>

/** What a visit leaves for the next: validators, what is known of the page, when to come again, and whether what was stored of it must leave. */
export interface Revisits {
  /** What to ask a page with: without its validators where its host says something else of it than it did when it was read. */
  conditions(claim: Claim, word: string | undefined): PreviousVisit | undefined
  /** Whether the answer is the one that the stored version was made of, and its host says the same of it. */
  isSameAnswer(claim: Claim, answer: string, word: string | undefined): boolean
  /** Whether the content is one that is stored. */
  isKnown(claim: Claim, content: string): boolean
  /** `isChanged`: other content than before. */
  afterReading(claim: Claim, reading: Reading): Remembered & { isChanged: boolean }
  /** After a visit that ended without anything being read. */
  afterEnding(claim: Claim, reason: string): Remembered
}

export interface RevisitParams {
  /** Times the visits. */
  pace: Clock
  /** Stamps the first. */
  facts: Clock
  bounds: RevisitBounds
  /** Learns how often a date was right. */
  lastmods: Pick<Lastmods, 'note'>
}

const headerChars = 1024

export function revisitPlan({ pace, facts, bounds, lastmods }: RevisitParams): Revisits {
  return {
    conditions(claim, word) {
      const { previous } = claim
      return previous && lifeOf(claim)?.word !== word
        ? { version: previous.version, memory: previous.memory, etag: undefined, lastModified: undefined }
        : previous
    },
    isSameAnswer(claim, answer, word) {
      const life = lifeOf(claim)
      return life?.answer === answer && life.word === word && stands(claim.previous)
    },
    isKnown: (claim, content) => stands(claim.previous) && (lifeOf(claim)?.contents.includes(content) ?? false),
    afterReading(claim, reading) {
      const before = decodeMemory(claim.previous?.memory)
      const lastModified = headerValue(reading.headers, 'last-modified')
      const lastModifiedAt = lastModified === undefined ? undefined : parseDate(lastModified)?.getTime()
      // What is longer than twice the longest rest says more of us than of the page.
      const observed = observe(before?.life, { ...reading, at: pace.now(), factsAt: facts.now(), lastModifiedAt }, 2 * bounds.maxMs)
      if (before?.life && (claim.modifiedAt ?? 0) > before.life.checkedAt) lastmods.note(claim.url, observed.isChanged || reading.hasNews)
      const memory = { ends: reading.refusal === undefined ? 0 : (before?.ends ?? 0) + 1, life: lifeAfter(observed.life, reading) }
      const isWithdrawn = reading.refusal !== undefined && stands(claim.previous) && withdraws(reading.refusal, memory.ends)
      return {
        ...validatorsOf(reading),
        memory: encodeMemory(isWithdrawn ? withdrawn(memory, reading.content) : memory),
        revisitAt: Math.min(nextVisitAt(memory.life, bounds), laterThan(pace.now(), reading.goodUntil)),
        isChanged: observed.isChanged,
        isWithdrawn,
      }
    },
    afterEnding({ previous }, reason) {
      const before = decodeMemory(previous?.memory)
      const memory: PageMemory = { ends: (before?.ends ?? 0) + 1, life: before?.life }
      const restMs = restAfterEnding(reason, memory.ends, bounds)
      const isWithdrawn = stands(previous) && withdraws(reason, memory.ends)
      return {
        memory: encodeMemory(isWithdrawn ? withdrawn(memory, undefined) : memory),
        isWithdrawn,
        ...(restMs === undefined ? {} : { revisitAt: pace.now() + restMs }),
      }
    },
  }
}

const lifeOf = ({ previous }: Claim): PageLife | undefined => decodeMemory(previous?.memory)?.life

/** What the answer was is only remembered of a version that stands: what is refused is read again, for the rules may change. */
function lifeAfter(life: PageLife, { content, answer, word, kept, refusal }: Reading): PageLife {
  const isSame = content === undefined
  return { ...life, answer: refusal === undefined ? (answer ?? (isSame ? life.answer : undefined)) : undefined, word, kept: kept ?? life.kept }
}

/** A page that is more than its bytes (a browser fills it, or its own date ends it) is never asked whether they have changed. */
function validatorsOf({ headers, content, answer }: Reading): Pick<Visit, 'etag' | 'lastModified'> {
  if (content !== undefined && answer === undefined) return {}
  const etag = headerValue(headers, 'etag')
  // A validator too long to be kept is none.
  return {
    etag: etag !== undefined && etag.length <= headerChars ? etag : undefined,
    lastModified: headerValue(headers, 'last-modified')?.slice(0, headerChars),
  }
}

const laterThan = (now: number, at: number | undefined): number => (at === undefined || at <= now ? Infinity : at)
