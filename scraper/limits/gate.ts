import type { Config } from '#infra/config/schema.ts'
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
  /** How many visits may begin now (Infinity: as many as there are slots), or how long to wait, ms, and why. `isProbe`: to see whether anything answers. */
  ask(): Promise<{ visits: number; isProbe?: true } | { waitMs: number; reason: GateReason }>
  /** Visits that were begun. */
  began(visits: number): void
  /** Bytes that came over the wire. */
  received(bytes: number): void
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
    async ask() {
      const now = pace.now()
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
      if (visits > 0) uplink.probed()
    },
    received: (size) => bytes?.take(size, pace.now()),
  }
}

const bucketOf = (perSecond: number | undefined, pace: Clock) => (perSecond === undefined ? undefined : new TokenBucket(perSecond, pace.now()))
