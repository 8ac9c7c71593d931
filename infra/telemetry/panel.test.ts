import { expect, test } from 'vitest'
import { livePanel } from './console.ts'
import { flywheelPanel } from './panel.ts'
import { createTelemetry } from './telemetry.ts'

test('the panel shows what all miners do at this moment', () => {
  const hub = createTelemetry()
  const parts: string[] = []
  const view = livePanel(hub, { columns: 200, write: (text) => parts.push(text) }, flywheelPanel)
  const figures = { pages_per_second: 3, bytes_per_second: 60_000, queue_depth: 100, hosts: 7, hosts_waiting: 2 }
  hub.event('crawl.progress', { hotkey: 'a', ...figures, pages_per_second: 900 })
  hub.event('crawl.progress', { hotkey: 'a', ...figures })
  hub.event('crawl.progress', { hotkey: 'b', ...figures, hosts_waiting: 1 })
  hub.count('crawl.rejected', 4, { reason: 'too_short' })
  view.close()
  expect(parts.at(-1)).toContain('now     6 pages/s, 120 kB/s, 200 URLs wait, 14 hosts, 3 of them rest or are asked\nreject  too_short 4\n')
})
