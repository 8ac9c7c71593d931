import { textTable } from '#infra/telemetry/table.ts'
import { plainText } from '#infra/telemetry/terminal-text.ts'
import type { ExplainedRow, Explanation } from './explain.ts'
import type { PageEvidence } from './page-evidence.ts'
import { proof } from './scoring/constants.ts'

/** For a person. @param width of the terminal; undefined: as wide as it is */
export function explanationText(explained: Explanation, width: number | undefined): string {
  const { rows } = explained
  const table = rows.map(({ at, verdict, reason, evidence, uri, isOpen }) => [
    at.slice(0, 19).replace('T', ' '),
    verdict,
    [reason, evidence?.proof, isOpen ? 'to be looked at again' : undefined].filter(Boolean).join(', '),
    evidence?.alike === undefined ? '' : evidence.alike.toFixed(2),
    uri,
  ])
  return [
    ...headOf(explained).map(plainText),
    '',
    rows.length === 0 ? 'No page was looked at.' : textTable(['looked at', 'verdict', 'because', 'alike', 'page'], table, width),
    ...rows.flatMap((row) => (row.verdict === 'same' || row.evidence === undefined ? [] : ['', ...detailsOf(row, row.evidence).map(plainText)])),
  ].join('\n')
}

function headOf({ hotkey, block, score, verdict, doubt }: Explanation): string[] {
  // Who could not be evaluated yet has a score all the same: none.
  const passed = score && (score.passed || score.failures.length > 0) ? score.passed : verdict?.passed
  const lines = [`${hotkey}: ${passed === undefined ? 'not evaluated yet' : passed ? 'passed' : 'failed'} (block ${block})`]
  for (const { code, detail } of score?.failures ?? []) lines.push(`  ${code}: ${detail}`)
  if (verdict)
    lines.push(
      `verdict of block ${verdict.block} on index ${verdict.index ?? 'none'}, committed in block ${verdict.committed_block}: ${countsOf(verdict.pages)}`,
    )
  lines.push(
    `doubt: ${doubt.judged} rows judged; ${doubt.contradicted} contradicted of late (${doubt.contradictedFails} fail); ` +
      `lost ${doubt.lost.toFixed(1)}, gone ${doubt.gone.toFixed(1)} (${doubt.lostFails} fails)`,
  )
  return score ? [...lines, ...scoreLines(score)] : lines
}

/** What the score is made of (scoring/score.ts). */
function scoreLines({ score, raw, credibility, standing }: NonNullable<Explanation['score']>): string[] {
  const [least, most] = [4, 6]
  const short = (value: number): string => value.toPrecision(most)
  const index = `index: raw ${short(raw)}, credibility ${credibility.toPrecision(least)}`
  if (!standing) return [`score ${short(score)}`, `  ${index}`]
  const { store, on_demand: onDemand, looks, unjudged, parts } = standing
  const isProved = looks >= proof.looks
  const lines = [
    `score ${short(score)} = ${isProved ? '' : '('}index ${short(parts.index)} + store ${short(parts.store)} + on demand ${short(parts.on_demand)}` +
      (isProved ? '' : `) × ${proof.unprovenShare} until ${proof.looks} pages were looked at (${looks} so far)`),
    `  ${index}`,
    `  store: ${Math.round(store.effective_bytes)} effective bytes, credibility ${store.credibility.toPrecision(least)}`,
    `  on demand: boost ${short(onDemand.boost)}, credibility ${onDemand.credibility.toPrecision(least)}, coverage ${onDemand.coverage.toPrecision(least)}`,
  ]
  if (unjudged > 0) lines.push(`  too little could be judged ${unjudged} times in a row; from ${proof.unjudgedMax} on it falls as if it had failed`)
  return lines
}

const countsOf = (pages: object): string =>
  Object.entries(pages)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ')

/** What the row says and what was found, line by line, where they differ. */
function detailsOf({ uri, verdict }: ExplainedRow, { said, found, list, first_seen: firstSeen }: PageEvidence): string[] {
  const head = `${verdict} ${uri}: fetched ${said.fetched_at}${firstSeen === undefined ? '' : `, first seen in a claim ${firstSeen}`}, under the list ${list.slice(0, 16)}`
  if (!found) return [head, `  row: ${said.title} | ${said.text}`]
  const names = (Object.keys(found) as (keyof typeof found)[]).filter((name) => found[name] !== said[name])
  return [head, ...names.flatMap((name) => [`  ${name} of the row: ${said[name] ?? '–'}`, `  ${name} of the page: ${found[name] ?? '–'}`])]
}
