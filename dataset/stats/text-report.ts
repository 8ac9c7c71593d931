import type { DatasetStatistics } from './described.ts'
import { printable, spelled, type Bar } from './plots.ts'
import type { Values } from './summary.ts'

const linesMax = 10
const barChars = 24
const labelChars = 40

/** For a terminal: the most frequent of each, with a bar. */
export function textReport(of: DatasetStatistics): string {
  const { dataset, version, documents, text_bytes, tokens } = of
  return [
    `${dataset} version ${version}: ${spelled(documents)} documents, ${spelled(text_bytes)} bytes of text, ${tokens ? `${spelled(tokens.tokens)} tokens` : 'not tokenized'}`,
    ...part('Labels', barsOf(of.labels), of.labels.distinct),
    ...part('Languages', barsOf(of.languages), of.languages.distinct),
    ...part('Hosts', barsOf(of.hosts), of.hosts.distinct),
    ...part('Licences', barsOf(of.licences), of.licences.distinct),
    ...part('Kinds of page', barsOf(of.page_types), of.page_types.distinct),
    ...part(
      'Months, newest first',
      of.months.toReversed().map(({ month, documents: value }) => ({ label: month, value })),
    ),
    ...part(
      'Bytes of text',
      of.text_sizes.map(({ bytes, documents: value }) => ({ label: `from ${spelled(bytes)}`, value })),
    ),
    ...qualityPart(of.quality),
    ...part(
      'Left out',
      of.dropped.map(([label, value]) => ({ label, value })).toSorted((a, b) => b.value - a.value),
    ),
    '',
  ].join('\n')
}

const barsOf = ({ values }: Values): Bar[] => values.map(({ value, documents }) => ({ label: value ?? 'none', value: documents }))

function part(title: string, bars: readonly Bar[], distinct = bars.length): string[] {
  const shown = bars.slice(0, linesMax)
  const most = shown.reduce((greatest, { value }) => Math.max(greatest, value), 1)
  const lines = shown.map(({ label, value }) => {
    const name = Array.from(printable(label)).slice(0, labelChars).join('').padEnd(labelChars)
    return `  ${name} ${spelled(value).padStart(13)} ${'█'.repeat(Math.ceil((value / most) * barChars))}`
  })
  return ['', distinct > shown.length ? `${title} (${shown.length} of ${spelled(distinct)})` : title, ...(lines.length === 0 ? ['  none'] : lines)]
}

const short = (value: number): string => String(Number(value.toPrecision(4))).padStart(10)

function qualityPart(rules: DatasetStatistics['quality']): string[] {
  const head = `  ${''.padEnd(labelChars)} ${'documents'.padStart(13)} ${'least'.padStart(10)} ${'mean'.padStart(10)} ${'most'.padStart(10)}`
  const lines = rules.map(({ rule, documents, min, mean, max }) => {
    const name = Array.from(printable(rule)).slice(0, labelChars).join('').padEnd(labelChars)
    return `  ${name} ${spelled(documents).padStart(13)} ${short(min)} ${short(mean)} ${short(max)}`
  })
  return ['', 'Quality', ...(lines.length === 0 ? ['  none'] : [head, ...lines])]
}
