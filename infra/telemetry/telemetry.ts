import { compareText } from '#schemas/compare-text.ts'
import type { Telemetry } from '#schemas/stage.ts'

export interface TelemetryEvent {
  name: string
  fields: Readonly<Record<string, unknown>>
}

export interface TelemetryHub extends Telemetry {
  /** Counters by name and labels, `crawl.rejects{reason=too_short}`, in byte order of the name. */
  snapshot(): Record<string, number>
  /** Calls `listener` for each event from now on; returns what ends it. */
  listen(listener: (event: TelemetryEvent) => void): () => void
}

/** Counts and events of one process, in memory. A listener that throws does not stop the others. */
export function createTelemetry(): TelemetryHub {
  const counters = new Map<string, number>()
  const listeners = new Set<(event: TelemetryEvent) => void>()
  return {
    count(name, by = 1, labels = {}) {
      const key = nameWithLabels(name, labels)
      counters.set(key, (counters.get(key) ?? 0) + by)
    },
    event(name, fields = {}) {
      for (const listener of listeners) {
        try {
          listener({ name, fields })
        } catch (error) {
          process.emitWarning(`A telemetry listener failed on "${name}": ${String(error)}`)
        }
      }
    },
    snapshot: () => Object.fromEntries([...counters].toSorted(([a], [b]) => compareText(a, b))),
    listen(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

function nameWithLabels(name: string, labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels)
    .toSorted(([a], [b]) => compareText(a, b))
    .map(([key, value]) => `${key}=${value}`)
  return pairs.length === 0 ? name : `${name}{${pairs.join(',')}}`
}
