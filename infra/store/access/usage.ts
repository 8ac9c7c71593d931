import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import { openDatabase } from '../../sqlite/database.ts'
import { portThread, type PortThread } from '../../sqlite/port-thread.ts'
import { fileSchemas } from '../../sqlite/schema.ts'

export interface DailyLimits {
  requests: number
  bytes: number
}

/** What hotkeys asked for and sent on a day of UTC, shared by processes and kept over restarts; what a power cut may cost is the count of the last requests. */
export interface Usage {
  /** Counts, unless that would be more than a day may have. @throws OrreryError `rate_limited` */
  charge(hotkey: string, more: DailyLimits, limits: DailyLimits): Promise<void>
}

const dayMs = 86_400_000

/** Of today and yesterday alone, so that a clock that goes back a little finds what it knew. @throws OrreryError `newer_version`, `data_unreadable` */
export function sqliteUsage(path: string, { clock }: { clock: Clock }): Usage & AsyncDisposable {
  const db = openDatabase(path, fileSchemas.usage)
  // Nobody who asks waits for a disk.
  db.run('pragma synchronous = normal')
  return {
    async charge(hotkey, more, limits) {
      const now = clock.now()
      const day = Math.floor(now / dayMs)
      db.transaction(() => {
        db.run('delete from usage where day < ?', day - 1)
        const known = db.get<DailyLimits>('select requests, bytes from usage where hotkey = ? and day = ?', hotkey, day) ?? { requests: 0, bytes: 0 }
        for (const what of ['requests', 'bytes'] as const)
          if (known[what] + more[what] > limits[what])
            throw new OrreryError('rate_limited', `The daily limit of ${limits[what]} ${what} is used up for ${hotkey}; come again tomorrow (UTC).`, {
              retry_after_seconds: ((day + 1) * dayMs - now) / 1000,
            })
        db.run(
          'insert into usage values (?, ?, ?, ?) on conflict do update set requests = requests + excluded.requests, bytes = bytes + excluded.bytes',
          day,
          hotkey,
          more.requests,
          more.bytes,
        )
      })
    },
    async [Symbol.asyncDispose]() {
      db[Symbol.dispose]()
    },
  }
}

const module = new URL(import.meta.url).href

/** Usage in a thread. */
export const threadedUsage = (path: string, { clock, thread = portThread(`the usage ${path}`, clock) }: { clock: Clock; thread?: PortThread }) =>
  thread.open<Usage>({ module, factory: 'sqliteUsage', args: [path] }, { charge: true })
