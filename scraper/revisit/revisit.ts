import type { Clock } from '#schemas/clock.ts'
import type { Claim, Visit } from '#schemas/frontier.ts'
import { crc32 } from 'node:zlib'
import { parseDate } from '../extract/dates/date-header.ts'
import { nextVisitAt, observe } from './change-rate.ts'
import { decodeMemory, encodeMemory } from './page-memory.ts'

export interface RevisitBounds {
  /** Shortest and longest time between two visits of a page, ms. */
  minMs: number
  maxMs: number
}

interface Answer {
  headers: Readonly<Record<string, string>>
  /** undefined for 304. */
  body: Uint8Array | undefined
}

/** What a good visit leaves for the next: validators, what is known of the page's rate of change, and when to come again. `isChanged`: other content than before. */
export type Remember = (claim: Claim, answer: Answer) => Pick<Visit, 'etag' | 'lastModified' | 'memory' | 'revisitAt'> & { isChanged: boolean }

const headerChars = 1024

/** @param clocks `pace` times the visits, `facts` stamps the first */
export function revisitPlan({ pace, facts, bounds }: { pace: Clock; facts: Clock; bounds: RevisitBounds }): Remember {
  return ({ previous }, { headers, body }) => {
    const { etag, 'last-modified': lastModified } = headers
    const seen = observe(decodeMemory(previous?.memory), {
      at: pace.now(),
      factsAt: facts.now(),
      content: body && digestOf(body),
      lastModifiedAt: lastModified === undefined ? undefined : parseDate(lastModified)?.getTime(),
    })
    return {
      // A validator too long to be kept is none.
      etag: etag !== undefined && etag.length <= headerChars ? etag : undefined,
      lastModified: lastModified?.slice(0, headerChars),
      memory: encodeMemory(seen.memory),
      revisitAt: nextVisitAt(seen.memory, bounds),
      isChanged: seen.isChanged,
    }
  }
}

/**
 * 16 hex digits: the CRC-32 of each half. It is only ever compared with the few contents that this page had before, so a change is overlooked once in four
 * thousand million; whoever builds such a page on purpose hides his own change. A cryptographic hash of every page costs more than finding its links does.
 */
function digestOf(body: Uint8Array): string {
  const middle = body.length >>> 1
  return [body.subarray(0, middle), body.subarray(middle)].map((half) => crc32(half).toString(16).padStart(8, '0')).join('')
}
