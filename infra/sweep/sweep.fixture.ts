import { join } from 'node:path'
import { manualClock } from '#test/manual-clock.ts'
import { folderStore } from '../store/folder.ts'
import { openSweep, type SweepScope } from './sweep.ts'

/** Every third of the keys is named, by a list. */
export const isNamed = (at: number): boolean => at % 3 === 0
export const swept = 600
export const keyOf = (at: number): string => `own/data/${String(at).padStart(4, '0')}`

/** A sweep of a folder whose clock is a day ahead of the last one's, so that what was noted then goes now. */
export function daysLater(folder: string, days: number) {
  const clock = manualClock(Date.UTC(2026, 0, 1 + days))
  const store = folderStore(join(folder, 'store'), { clock })
  const sweep = openSweep({ store, path: join(folder, 'sweep.sqlite'), clock, graceMs: 1000 })
  const scope: SweepScope = {
    prefixes: ['own/'],
    expire: async () => undefined,
    async *manifests() {
      yield { list: { key: 'own/lists/all.json' } }
    },
  }
  return { store, sweep, scope }
}
