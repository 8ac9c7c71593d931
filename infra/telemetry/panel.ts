import type { Panel } from './console.ts'
import type { TelemetryEvent } from './telemetry.ts'
import { labelled } from './summary.ts'

/** What `orrery up` shows on a terminal: one line for each step of the wheel. */
export const flywheelPanel: Panel = (counters, last) => {
  const fields = (name: string) => last.get(name)?.fields ?? {}
  const turn = fields('turn')
  const loss = fields('bridge.progress')['loss'] as Record<string, number | null> | undefined
  const steered = fields('bridge.steered')
  const before = (steered['weights_before'] ?? {}) as Record<string, number>
  const after = (steered['weights_after'] ?? {}) as Record<string, number>
  return [
    `Orrery  turn ${turn['turn'] ?? 1}, last finished: ${turn['step'] ?? 'nothing yet'}   query ${fields('listening')['query'] ?? '…'}   feed ${fields('listening')['feed'] ?? '…'}`,
    `crawl   ${pairs(labelled(counters, 'crawl.pages', 'outcome'))}   documents ${pairs(labelled(counters, 'crawl.documents', 'label'))}`,
    `now     ${crawlFigures(last)}`,
    `reject  ${pairs(labelled(counters, 'crawl.rejected', 'reason'))}`,
    `shards  ${event(fields('miner.cycle'))}`,
    `scores  ${event(fields('validator.cycle'))}`,
    `dataset ${event(fields('dataset.version'))}`,
    `tokens  ${event(fields('tokens.version'))}`,
    `train   ${fields('bridge.progress')['settled'] ?? 0} of ${fields('bridge.progress')['batches'] ?? 0} batches   loss ${pairs(loss ?? {})}`,
    `weights ${
      Object.keys(after)
        .map((label) => `${label} ${number(before[label])} → ${number(after[label])}`)
        .join('   ') || '–'
    }`,
  ]
}

const crawlUnits = {
  pages_per_second: 'pages/s',
  bytes_per_second: 'kB/s',
  queue_depth: 'URLs wait',
  hosts: 'hosts',
  hosts_waiting: 'of them rest or are asked',
}

/** The last figures of all miners of this process together. */
function crawlFigures(last: ReadonlyMap<string, TelemetryEvent>): string {
  const told = [...last].filter(([key]) => key.startsWith('crawl.progress ')).map(([, { fields }]) => fields)
  if (told.length === 0) return '–'
  const sum = (name: string) => told.reduce((all, fields) => all + Number(fields[name] ?? 0), 0)
  const shown = (name: string) => (name === 'bytes_per_second' ? Math.round(sum(name) / 1000) : sum(name))
  return Object.entries(crawlUnits)
    .map(([name, unit]) => `${shown(name)} ${unit}`)
    .join(', ')
}

const number = (value: number | null | undefined): string =>
  value === null || value === undefined ? '–' : Number.isInteger(value) ? String(value) : value.toFixed(3)
const pairs = (values: Readonly<Record<string, number | null>>): string =>
  Object.entries(values)
    .map(([name, value]) => `${name} ${number(value)}`)
    .join(', ') || '–'

/** The plain fields of an event. */
function event(fields: Readonly<Record<string, unknown>>): string {
  const shown = Object.entries(fields).filter(([, value]) => typeof value === 'number' || typeof value === 'string')
  return shown.map(([name, value]) => `${name} ${typeof value === 'number' ? number(value) : String(value).slice(0, 24)}`).join(', ') || '–'
}
