import { textTable } from '#infra/telemetry/table.ts'
import type { Found } from '../extract/head/page-names.ts'
import type { BlockReport } from './block-report.ts'
import type { Explanation } from './explanation.ts'

const blocksShown = 60
const candidatesShown = 15

/** An explanation for people: plain text, one section a decision. */
export function explanationText(of: Explanation): string {
  return [
    `${of.url}\n${of.bytes} bytes, ${of.charset}; ${of.verdict === 'kept' ? 'becomes a document' : `refused: ${of.verdict}`}; ${of.label === null ? 'no configured source takes it' : `counts for ${of.label}`}`,
    section('Page type', [of.page_type.value, ...of.page_type.why.map(({ sign, log_odds }) => `  ${sign} (${signed(log_odds)})`)]),
    section('Names', [named('title', of.title), named('author', of.author), named('site', of.site_name), `canonical: ${of.canonical ?? 'not named'}`]),
    section('Text', contentLines(of.content)),
    section('Dates', dateLines(of.dates)),
    section('Language', languageLines(of.language)),
    section('Quality', [
      textTable(
        ['rule', 'measure', 'verdict'],
        of.quality.map(({ rule, measure, verdict }) => [rule, measure, verdict]),
      ),
    ]),
    section('Personal data', [counted(of.personal_data) || 'none found']),
    section('Rights', rightsLines(of.rights)),
    section('Identity', identityLines(of.identity)),
    section('Verdict', [of.verdict === 'kept' ? 'kept' : `refused: ${of.verdict}`]),
  ].join('\n\n')
}

const section = (title: string, lines: readonly string[]): string => `${title}\n${'─'.repeat(title.length)}\n${lines.join('\n')}`
const named = (what: string, found: Found | null): string => (found ? `${what}: ${found.value}  (${found.by})` : `${what}: not found`)
const signed = (value: number): string => (value > 0 ? `+${value}` : String(value))
const counted = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ')

function contentLines({ text_chars, kept, cut, blocks }: Explanation['content']): string[] {
  const summary = `${text_chars} characters; ${kept} blocks kept, ${cut} cut`
  if (blocks.length === 0) return [summary]
  const rows = blocks
    .slice(0, blocksShown)
    .map((block) => [block.kept ? 'kept' : 'cut', block.reason, block.score, block.text.slice(0, 60), becauseOf(block), block.path])
  const more = blocks.length > blocksShown ? [`… and ${blocks.length - blocksShown} more (--json has all)`] : []
  return [summary, textTable(['', 'reason', 'likely', 'text', 'because', 'where'], rows), ...more]
}

const becauseOf = ({ because }: BlockReport): string =>
  because
    .slice(0, 2)
    .map(({ feature, log_odds }) => `${feature} ${signed(log_odds)}`)
    .join(', ')

function dateLines({ published, by, score, modified, candidates }: Explanation['dates']): string[] {
  const chosen = [published === null ? 'published: not found' : `published: ${published}  (${by}, ${score} sure)`, `modified: ${modified ?? 'not found'}`]
  if (candidates.length === 0) return chosen
  const rows = candidates
    .slice(0, candidatesShown)
    .map(({ kind, by, day, score, value, place }) => [kind, by, day, score, value.slice(0, 40), place.slice(0, 40)])
  return [...chosen, textTable(['kind', 'by', 'day', 'sure', 'as it stands', 'where'], rows)]
}

const said = { none: '', agrees: ', and so does the text', chose: ', which chose between relatives', refuted: ', and the text does not' }

function languageLines({ lang, score, shares, declared, hint }: Explanation['language']): string[] {
  return [`${lang} (${score} sure); the page says ${declared ?? 'nothing'}${said[hint]}`, `shares: ${counted(shares) || 'none'}`]
}

function rightsLines(rights: Explanation['rights']): string[] {
  return [
    `robots.txt: ${rights.robots}; meta robots: ${rights.meta_robots.join(', ') || 'none'}`,
    `text and data mining: ${rights.tdm_reservation === null ? 'nothing said' : rights.tdm_reservation ? 'reserved' : 'not reserved'}${rights.tdm_policy === undefined ? '' : `, policy ${rights.tdm_policy}`}`,
    ...(rights.ai_txt === undefined ? [] : [`ai.txt: ${rights.ai_txt}`]),
    ...(rights.ai_train === undefined ? [] : [`training of models: ${rights.ai_train} (${rights.ai_train_by})`]),
    `licence: ${rights.licence_why}`,
  ]
}

function identityLines(identity: Explanation['identity']): string[] {
  if (!identity) return ['no text, no identity']
  const { id, minhash, duplicates } = identity
  const near =
    duplicates === 'unknown'
      ? ['duplicates: this data folder has no index of what was seen']
      : duplicates.length === 0
        ? ['duplicates: none known']
        : ['duplicates:']
  const rows =
    duplicates === 'unknown'
      ? []
      : duplicates.map(({ uri, similarity, published }) => `  ${similarity} like ${uri}${published === null ? '' : `, published ${published}`}`)
  return [`id: ${id}`, `minhash: ${minhash.slice(0, 32)}… (--json has all)`, ...near, ...rows]
}
