import { once } from 'node:events'
import { closest } from 'fastest-levenshtein'
import { timeOfFlag } from '#infra/cli/time-flag.ts'
import { sizeOf } from '#infra/telemetry/console.ts'
import { textTable } from '#infra/telemetry/table.ts'
import { plainText } from '#infra/telemetry/terminal-text.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { RefusedScore } from '../filter/filter.ts'
import { listRejects, valuesOf, type ListedReject, type RejectsWanted } from './rejects-list.ts'

/** What is to be listed, and how. */
export interface RejectsFlags {
  reason?: string
  label?: string
  since?: string
  limit: string
  json?: boolean
  document?: boolean
}

/** Writes the list to standard output: a table, or one reject after the other. @throws as `selectRejects` */
export async function printRejects(dataDir: string, flags: RejectsFlags): Promise<void> {
  const rejects = selectRejects(dataDir, flags, Date.now())
  if (flags.json) await writeEach(rejects, (reject) => `${JSON.stringify(jsonOf(reject, flags))}\n`)
  else if (flags.document) await writeEach(rejects, (reject) => `${documentText(reject)}\n\n`)
  else process.stdout.write(`${tableOf(await Array.fromAsync(rejects))}\n`)
}

async function writeEach(rejects: AsyncIterable<ListedReject>, textOf: (reject: ListedReject) => string): Promise<void> {
  for await (const reject of rejects) if (!process.stdout.write(textOf(reject))) await once(process.stdout, 'drain')
}

/** @throws OrreryError `invalid_argument` for a reason or label that no reject has, a time or a limit that is none */
export async function* selectRejects(
  dataDir: string,
  { reason, label, since, limit }: RejectsFlags,
  now: number,
): AsyncGenerator<ListedReject, void, undefined> {
  const wanted: RejectsWanted = { reason, label, since: since === undefined ? undefined : timeOfFlag('--since', since, now) }
  let left = limitOf(limit)
  for await (const reject of listRejects(dataDir, wanted, tellUnreadable)) {
    yield reject
    if (--left === 0) return
  }
  if (left < limitOf(limit)) return
  if (reason !== undefined) requireKnown('reason', reason, await valuesOf(dataDir, 'reason'))
  if (label !== undefined) requireKnown('label', label, await valuesOf(dataDir, 'label'))
}

function requireKnown(what: string, value: string, known: ReadonlySet<string>): void {
  if (known.has(value) || known.size === 0) return
  throw new OrreryError('invalid_argument', `--${what} "${value}": no page was dropped so; nearest: ${closest(value, [...known])}.`, { [what]: value })
}

const limitMax = 1_000_000

function limitOf(text: string): number {
  const limit = /^\d{1,7}$/.test(text) ? Number(text) : 0
  if (limit >= 1 && limit <= limitMax) return limit
  throw new OrreryError('invalid_argument', `--limit "${text}" is no number of rejects; write one from 1 to ${limitMax}.`, { text })
}

const jsonOf = ({ details, title, text, ...reject }: ListedReject, { document = false }: RejectsFlags) => ({
  ...reject,
  details: details === null ? null : (JSON.parse(details) as unknown),
  ...(document && { document: text === null ? null : { title, text } }),
})

function tableOf(rejects: readonly ListedReject[]): string {
  if (rejects.length === 0) return 'No rejects.'
  const rows = rejects.map((reject) => [timeText(reject), reject.reason, reject.label ?? '', reject.subject, causeText(reject)])
  return textTable(['when', 'reason', 'label', 'what', 'because'], rows, process.stdout.isTTY ? sizeOf(process.stdout).columns : undefined)
}

function documentText(reject: ListedReject): string {
  const { subject, reason, label, title, text } = reject
  const head = [`${timeText(reject)}  ${reason}${label === null ? '' : `  ${label}`}  ${subject}`, causeText(reject)].filter(Boolean).map(plainText)
  const lines = text === null ? ['(its text was not kept; miner.rejected_text_bytes says how much of one is)'] : [title ?? '', ...text.split('\n')]
  return [...head, ...lines.map((line) => `  ${plainText(line)}`)].join('\n')
}

const timeText = ({ at }: ListedReject): string => at.toISOString().slice(0, 19).replace('T', ' ')

const tellUnreadable = (path: string): boolean => process.stderr.write(`orrery: "${path}" cannot be read and is left out.\n`)

/** Of each rule that refuses, its score and its threshold; else what else is known. */
function causeText({ details }: ListedReject): string {
  if (details === null) return ''
  const { scores = {}, lang: _, ...more } = JSON.parse(details) as { scores?: Record<string, RefusedScore>; lang?: string }
  return [
    ...Object.entries(scores).map(([rule, { score, ...bounds }]) => `${rule} ${score}${boundsText(bounds)}`),
    ...Object.entries(more).map(([name, value]) => `${name} ${typeof value === 'string' ? shortHash(value) : JSON.stringify(value)}`),
  ].join(', ')
}

const shortHash = (text: string): string => text.replace(/^([0-9a-f]{12})[0-9a-f]{52}$/, '$1…')

function boundsText({ min, max }: Pick<RefusedScore, 'min' | 'max'>): string {
  const bounds = [...(min === undefined ? [] : [`at least ${min}`]), ...(max === undefined ? [] : [`at most ${max}`])]
  return bounds.length === 0 ? '' : ` (${bounds.join(', ')})`
}
