import type { Config } from '#infra/config/schema.ts'
import type { Http } from '#infra/net/http.ts'
import type { Clock } from '#schemas/clock.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { parseActiveHours, untilActiveMs } from './active-hours.ts'
import { diskUsageBytes } from './disk-usage.ts'
import { TokenBucket } from './token-bucket.ts'
import type { Uplink } from './uplink.ts'

/** Why the crawl waits. */
type GateReason = 'uplink' | 'inactive_hours' | 'disk_quota' | 'requests_per_second' | 'bytes_per_second'

/** What the operator allows at this moment. */
export interface Gate {
  /**
   * How many visits may begin now (Infinity: as many as there are slots), or how long to wait, ms, and why. `isProbe`: to see whether anything answers.
   * @param begun visits that have not ended
   */
  ask(begun: number): Promise<{ visits: number; isProbe?: true } | { waitMs: number; reason: GateReason }>
  /** Visits that were begun: a request of each is paid for. */
  began(visits: number): void
  /** The same client, whose every request and answer counts, whatever it is for. */
  watch(http: Http): Http
}

export interface GateOptions {
  settings: Pick<Config['miner'], 'requests_per_second' | 'bytes_per_second' | 'active' | 'disk_quota_bytes'>
  pace: Clock
  dataDir: string
  uplink: Pick<Uplink, 'untilProbeMs' | 'probed'>
  telemetry: Telemetry
}

/** A folder is measured no more often than this. */
const measureEveryMs = 5000
/** Nobody waits longer before asking again: the clocks of a machine may be set. */
const longestWaitMs = 60_000

/** Tells `crawl.paused` and `crawl.resumed` of the waits that last: of the hours, of the disk and of the uplink. */
export function openGate({ settings, pace, dataDir, uplink, telemetry }: GateOptions): Gate {
  const hours = settings.active === undefined ? undefined : parseActiveHours(settings.active)
  const requests = bucketOf(settings.requests_per_second, pace)
  const bytes = bucketOf(settings.bytes_per_second, pace)
  const quota = settings.disk_quota_bytes
  let measured = { at: -Infinity, bytes: 0 }
  let paused: GateReason | undefined
  /** Requests that are paid for and were not made yet. */
  let paid = 0

  const tell = (reason: GateReason | undefined, fields: Record<string, unknown> = {}): void => {
    if (reason === paused) return
    paused = reason
    if (reason === undefined) telemetry.event('crawl.resumed')
    else telemetry.event('crawl.paused', { reason, ...fields })
  }
  const longWait = async (now: number): Promise<{ waitMs: number; reason: GateReason } | undefined> => {
    const inactiveMs = hours ? untilActiveMs(hours, now) : 0
    if (inactiveMs > 0) {
      tell('inactive_hours', { until: new Date(now + inactiveMs).toISOString() })
      return { waitMs: Math.min(inactiveMs, longestWaitMs), reason: 'inactive_hours' }
    }
    if (quota === undefined) return undefined
    if (now - measured.at >= measureEveryMs) measured = { at: now, bytes: await diskUsageBytes(dataDir) }
    if (measured.bytes <= quota) return undefined
    tell('disk_quota', { used_bytes: measured.bytes, quota_bytes: quota })
    return { waitMs: measureEveryMs, reason: 'disk_quota' }
  }
  return {
    async ask(begun) {
      const now = pace.now()
      // A visit that ended without a request has paid for nobody else's: else many such could be made at once.
      paid = Math.min(paid, begun)
      const long = await longWait(now)
      if (long) return long
      const probeMs = uplink.untilProbeMs()
      tell(probeMs === undefined ? undefined : 'uplink')
      if (probeMs !== undefined) return probeMs > 0 ? { waitMs: probeMs, reason: 'uplink' } : { visits: 1, isProbe: true }
      const waits = [
        { reason: 'requests_per_second', waitMs: requests?.waitMs(now) ?? 0 },
        { reason: 'bytes_per_second', waitMs: bytes?.waitMs(now) ?? 0 },
      ] as const
      return waits.find(({ waitMs }) => waitMs > 0) ?? { visits: requests?.available(now) ?? Infinity }
    },
    began(visits) {
      requests?.take(visits, pace.now())
      paid += visits
      if (visits > 0) uplink.probed()
    },
    watch: (http) => ({
      ...http,
      async get(url, options) {
        if (paid > 0) paid--
        else requests?.take(1, pace.now())
        const answer = await http.get(url, options)
        bytes?.take(answer.wireBytes, pace.now())
        return answer
      },
    }),
  }
}

const bucketOf = (perSecond: number | undefined, pace: Clock) => (perSecond === undefined ? undefined : new TokenBucket(perSecond, pace.now()))
