import type { DatasetStatistics } from './described.ts'
import { escaped, lyingBars, spelled, standingBars, type Bar } from './plots.ts'
import type { Values } from './summary.ts'

const barsMax = 20

const style = `
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#59636e;--paper:#fff;--bar:#2f6fb3;--line:#d1d9e0}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9198a1;--paper:#0d1117;--bar:#5aa2e8;--line:#3d444d}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:46rem;margin:2rem auto;padding:0 1rem}
h1,h2,h3{line-height:1.2}h2{margin-top:2.5rem}h3{margin-bottom:.2rem}p,dt{color:var(--soft)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1.5rem}dd{margin:0;overflow-wrap:anywhere}
svg{width:100%;height:auto}svg text{font-size:13px;fill:var(--ink)}svg rect{fill:var(--bar)}svg line{stroke:var(--line)}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.2rem .8rem .2rem 0;border-bottom:1px solid var(--line);overflow-wrap:anywhere}
td+td,th+th{text-align:right;white-space:nowrap}details{margin:.3rem 0 1rem}summary{cursor:pointer;color:var(--soft)}`

/** One page that needs nothing else: no script, no font, nothing from elsewhere. Every plot has its numbers as a table as well. */
export function htmlReport(of: DatasetStatistics): string {
  const title = `Dataset ${of.dataset}, version ${of.version}`
  const parts = [
    `<h1>${escaped(title)}</h1>`,
    factList(of),
    valuesPart('Labels', of.labels),
    valuesPart('Languages', of.languages),
    valuesPart('Hosts', of.hosts),
    valuesPart('Licences', of.licences),
    valuesPart('Kinds of page', of.page_types),
    section('Ages', 'Documents by month of their date', monthBars(of.months), histogram),
    section(
      'Sizes',
      'Documents by bytes of text',
      of.text_sizes.map(({ bytes, documents }) => ({ label: `from ${spelled(bytes)}`, value: documents })),
      histogram,
    ),
    qualityPart(of.quality),
    section(
      'Left out',
      'Rows of its files that the version has not, by reason',
      of.dropped.map(([label, value]) => ({ label, value })),
      lyingBars,
    ),
  ]
  return (
    `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">` +
    `<meta http-equiv="content-security-policy" content="default-src 'none'; style-src 'unsafe-inline'">` +
    `<title>${escaped(title)}</title><style>${style}</style></head><body><main>${parts.join('\n')}</main></body></html>\n`
  )
}

function factList({ documents, text_bytes, tokens, sha256 }: DatasetStatistics): string {
  const facts = [
    ['Documents', spelled(documents)],
    ['Bytes of text', spelled(text_bytes)],
    ['Tokens', tokens ? `${spelled(tokens.tokens)} (${tokens.tokenizer})` : 'not tokenized'],
    ['Content address', sha256],
  ]
  return `<dl>${facts.map(([name, fact]) => `<dt>${name}</dt><dd>${escaped(fact ?? '')}</dd>`).join('')}</dl>`
}

function valuesPart(title: string, { distinct, values }: Values): string {
  const bars = values.map(({ value, documents }) => ({ label: value ?? 'none', value: documents }))
  const shown = Math.min(bars.length, barsMax)
  return section(title, `${spelled(distinct)} distinct; the ${shown} most frequent, in documents`, bars, (name, all) => lyingBars(name, all.slice(0, barsMax)))
}

const histogram = (title: string, bars: readonly Bar[]): string => standingBars(title, bars, [bars[0]?.label ?? '', bars.at(-1)?.label ?? ''])

const monthsBetween = 1200

/** With those between that have none, so that the scale is one of time; not where a false date makes it thousands of years. */
function monthBars(months: DatasetStatistics['months']): Bar[] {
  const counts = new Map(months.map(({ month, documents }) => [numberOf(month), documents]))
  const numbers = [...counts.keys()]
  const [first = 0, last = -1] = [numbers[0], numbers.at(-1)]
  const shown = last - first < monthsBetween ? Array.from({ length: last - first + 1 }, (_, n) => first + n) : numbers
  return shown.map((number) => ({ label: monthOf(number), value: counts.get(number) ?? 0 }))
}

const numberOf = (month: string): number => Number(month.slice(0, 4)) * 12 + Number(month.slice(5)) - 1
const monthOf = (number: number): string => `${String(Math.floor(number / 12)).padStart(4, '0')}-${String((number % 12) + 1).padStart(2, '0')}`

function section(title: string, about: string, bars: readonly Bar[], plot: (title: string, bars: readonly Bar[]) => string): string {
  const head = `<section><h2>${escaped(title)}</h2>`
  if (bars.length === 0) return `${head}<p>There is nothing to show.</p></section>`
  return `${head}<p>${escaped(about)}</p>${plot(`${title}: ${about}`, bars)}${table(bars)}</section>`
}

function qualityPart(rules: DatasetStatistics['quality']): string {
  const plots = rules.map(({ rule, documents, min, max, mean, hist }) => {
    const edge = (n: number): string => String(Number((min + ((max - min) / hist.length) * n).toPrecision(4)))
    const bars = hist.map((value, n) => ({ label: `${edge(n)} to ${edge(n + 1)}`, value }))
    const about = `${spelled(documents)} documents, mean ${Number(mean.toPrecision(4))}`
    return `<h3>${escaped(rule)}</h3><p>${about}</p>${standingBars(`${rule}: ${about}`, bars, [edge(0), edge(hist.length)])}${table(bars)}`
  })
  return `<section><h2>Quality</h2>${plots.length === 0 ? '<p>There is nothing to show.</p>' : plots.join('')}</section>`
}

const table = (bars: readonly Bar[]): string =>
  `<details><summary>Numbers</summary><table><thead><tr><th scope="col">Value</th><th scope="col">Documents</th></tr></thead><tbody>${bars
    .map(({ label, value }) => `<tr><td>${escaped(label)}</td><td>${spelled(value)}</td></tr>`)
    .join('')}</tbody></table></details>`
