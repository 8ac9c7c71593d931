import type { Clock } from '#schemas/clock.ts'
import type { Claim, Visit } from '#schemas/frontier.ts'
import { createHash } from 'node:crypto'
import { parseDate } from '../extract/dates.ts'
import { nextVisitAt, observe } from '../frontier/change-rate.ts'
import { contentDigits, decodeMemory, encodeMemory } from '../frontier/page-memory.ts'

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
      content: body && createHash('sha256').update(body).digest('hex').slice(0, contentDigits),
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
