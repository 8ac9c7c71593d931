import { recentValues } from '#infra/recent-values.ts'

interface HostRecord {
  /** Share of renderings that brought text, newest first in weight: 0…1. */
  worth: number
  /** Pages passed over since the last rendering. */
  passed: number
}

/** Learns, host by host, whether asking the browser pays. Deterministic: what counts is the order of the pages, not the time. */
export interface RenderWorth {
  /** Whether to ask the browser for a page of this host that seems to need it. */
  isWorth(host: string): boolean
  /** What a rendering brought. @param plainChars and renderedChars length of the main text before and after */
  learn(host: string, plainChars: number, renderedChars: number): void
}

const worthAtFirst = 0.6
const worthMin = 0.3
/** How fast old outcomes fade. */
const fade = 0.5
/** A host that did not pay is asked again after this many of its pages, since sites change. */
const passesBeforeRetry = 50
const gainChars = 200
const recordBytes = 64

/** @param bytesMax of what is remembered; the host that was longest out of sight is forgotten first */
export function renderWorth(bytesMax = 4 * 2 ** 20): RenderWorth {
  const records = recentValues<string, HostRecord>({ bytesMax, bytesOf: () => recordBytes })
  const touch = (host: string): HostRecord => {
    const old = records.get(host)
    if (old) return old
    const record = { worth: worthAtFirst, passed: 0 }
    records.keep(host, record)
    return record
  }
  return {
    isWorth(host) {
      const record = touch(host)
      if (record.worth >= worthMin || record.passed >= passesBeforeRetry) {
        record.passed = 0
        return true
      }
      record.passed++
      return false
    },
    learn(host, plainChars, renderedChars) {
      const record = touch(host)
      const paid = renderedChars >= plainChars + gainChars ? 1 : 0
      record.worth = record.worth * fade + paid * (1 - fade)
    },
  }
}
