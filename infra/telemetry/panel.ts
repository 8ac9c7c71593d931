import { labelled } from './crawl-summary.ts'
import { bytesOf, countOf, decimals, durationOf } from './figures.ts'
import type { RunState } from './run-state.ts'
import { layOut, type ScreenSize, type Section } from './screen-layout.ts'
import { doingAfter } from './summary.ts'
import { plainText } from './terminal-text.ts'

/**
 * What `orrery up` shows on a terminal of that size: pages, documents, rejects, shards, scores, tokens, batches, and of each source its loss and its weight
 * before and after. What matters most comes first: a small screen keeps that.
 */
export function flywheelPanel(state: RunState, now: number, size: ScreenSize): string[] {
  const counters = state.counters()
  const { query, feed } = state.last('listening')
  const { failing } = state
  const dead = state.deadSeeds
  const sections: (Section | undefined)[] = [
    {
      name: 'Orrery',
      parts: [...turnParts(state), `query ${text(query)}`, `feed ${text(feed)}`],
    },
    failing.length === 0
      ? undefined
      : { name: 'failing', parts: failing.map(({ part, says, next }) => plainText(`${part}: ${says} Again${inTime(next, now)}.`)), isList: true },
    {
      name: 'crawl',
      parts: [`${countOf(sumOf(labelled(counters, 'crawl.pages', 'outcome')))} pages`, ...counts(labelled(counters, 'crawl.pages', 'outcome'))],
    },
    { name: 'now', parts: crawlParts(state) },
    { name: 'waits', parts: waitParts(state, now) },
    dead.length === 0 ? undefined : { name: 'seeds', parts: dead.map(({ url, says }) => plainText(`${url}: ${says}`)), isList: true },
    { name: 'docs', parts: counts(labelled(counters, 'crawl.documents', 'label')) },
    { name: 'rejects', parts: counts(labelled(counters, 'crawl.rejected', 'reason')) },
    { name: 'shards', parts: shardParts(state) },
    { name: 'scores', parts: scoreParts(state) },
    { name: 'dataset', parts: datasetParts(state) },
    { name: 'train', parts: trainParts(state) },
    { name: 'sources', parts: sourceParts(state), isList: true },
  ]
  return layOut(
    sections.filter((section) => section !== undefined),
    size,
  )
}

const text = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? plainText(String(value)) : '…')
const sumOf = (values: Readonly<Record<string, number>>): number => Object.values(values).reduce((a, b) => a + b, 0)
/** Names with their counts, the highest first. */
const counts = (values: Readonly<Record<string, number>>): string[] =>
  Object.entries(values)
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, count]) => `${plainText(name)} ${countOf(count)}`)

function crawlParts(state: RunState): string[] {
  const { pages, bytes } = state.rates()
  const figures = state.crawl
  const rates = [`${pages > 0 && pages < 10 ? pages.toFixed(1) : countOf(pages)} pages/s`, `${bytesOf(bytes)}/s`]
  if (!figures) return rates
  const { ready, waiting, hosts, hostsClosed } = figures
  return [...rates, `${countOf(ready)} ready`, `${countOf(waiting)} waiting`, `${countOf(hosts)} hosts, ${countOf(hostsClosed)} of them rest or are asked`]
}

const pauses: Readonly<Record<string, string>> = {
  host_rest: 'for the next host that has rested',
  inactive_hours: 'for the hours of miner.active',
  disk_quota: 'for room on the disk (miner.disk_quota_bytes)',
  uplink: 'for the network: all hosts fail at once',
}

/** Where all parts work side by side there are no turns. */
function turnParts(state: RunState): string[] {
  const { turn, step } = state.last('turn')
  return turn === undefined ? [] : [`turn ${text(turn)}, ${doingAfter[text(step)] ?? 'starting'}`]
}

/** For what, when nothing is asked. */
function waitParts(state: RunState, now: number): string[] {
  const { step } = state.last('turn')
  const { pause } = state
  if ((step === undefined || step === 'started') && pause) return [`${pauses[pause.reason] ?? `for ${plainText(pause.reason)}`}${inTime(pause.until, now)}`]
  if (step === 'started' || !state.hasCycled) return []
  const { until_ms: turnAt } = state.last('turn.rest')
  const turn = step === 'steered' && typeof turnAt === 'number' ? [`for the next turn${inTime(turnAt, now)}`] : []
  const due = state.nextDueAt
  return [...turn, due === undefined ? 'no page is left to ask for' : due <= now ? 'pages are due' : `the next page is due${inTime(due, now)}`]
}

const inTime = (at: number | undefined, now: number): string => (at === undefined ? '' : ` in ${durationOf(at - now)}`)

function shardParts(state: RunState): string[] {
  const { count, rows, bytes } = state.shards
  return count === 0 ? [] : [`${countOf(count)} written`, `${countOf(rows)} documents`, bytesOf(bytes)]
}

interface Score {
  hotkey: string
  score: number
  credibility: number
  passed: boolean
}

function scoreParts(state: RunState): string[] {
  const scores = state.last('validator.cycle')['scores'] as readonly Score[] | undefined
  return (scores ?? []).map(
    ({ hotkey, score, credibility, passed }) =>
      `${plainText(hotkey.slice(0, 8))}… ${passed ? 'passed' : 'failed'}, score ${score < 100 ? decimals(score, 3) : countOf(score)}, credibility ${decimals(credibility, 3)}`,
  )
}

function datasetParts(state: RunState): string[] {
  const { version, documents } = state.last('dataset.version')
  const { tokens } = state.last('tokens.version')
  return [
    ...(version === undefined ? [] : [`version ${text(version)}`, `${countOf(Number(documents))} documents`]),
    ...(tokens === undefined ? [] : [`${countOf(Number(tokens))} tokens`]),
  ]
}

function trainParts(state: RunState): string[] {
  const { settled, batches } = state.last('bridge.progress')
  return batches === undefined ? [] : [`${countOf(Number(settled))} of ${countOf(Number(batches))} batches settled`]
}

/** Of each source its loss, first and last, and the weight of its job before and after it. */
function sourceParts(state: RunState): string[] {
  const running = recordOf(state.last('bridge.progress')['loss'])
  const steered = state.last('bridge.steered')
  const [before, after] = [recordOf(steered['weights_before']), recordOf(steered['weights_after'])]
  const evidence = new Map(((steered['evidence'] ?? []) as readonly Evidence[]).map((each) => [each.label, each]))
  return [...new Set([...after.keys(), ...running.keys()])].map((label) => {
    const told = evidence.get(label)
    const last = running.get(label) ?? told?.loss_after
    const loss = `loss ${told ? `${decimals(told.loss_before, 3)} → ` : ''}${decimals(last, 3)}`
    return `${plainText(label)}  ${loss}${after.has(label) ? `, weight ${decimals(before.get(label), 3)} → ${decimals(after.get(label), 3)}` : ''}`
  })
}

interface Evidence {
  label: string
  loss_before: number | null
  loss_after: number | null
}

const recordOf = (value: unknown): Map<string, number | null> => new Map(Object.entries((value ?? {}) as Record<string, number | null>))
