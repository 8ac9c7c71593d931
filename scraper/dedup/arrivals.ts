import type { AddedRow, KnownRow, RowFacts } from '#schemas/corpus-index.ts'
import type { Document } from '#schemas/document.ts'
import type { Reject } from '#schemas/stage.ts'
import { rowFacts } from '#schemas/row-facts.ts'
import type { Withdrawal } from '../shard/arrival.ts'
import { cutBoilerplate, knownParagraphs, type CutPage } from './boilerplate.ts'
import { countByJob, dropReject, emptyReject, type DuplicateCounts } from './copies.ts'
import { mapInTurns } from './map-in-turns.ts'
import { namedParagraphs, type NamedParagraph } from './paragraphs.ts'
import { Ruling, type Candidate, type Looks } from './ruling.ts'

/** A document that comes in, and what the index learns of it but its place. */
export interface Incoming {
  document: Document
  row: Omit<AddedRow, 'place'>
}

export interface Decision {
  incoming: Incoming[]
  /** What comes into no file, but is to be known: near copies that lost, pages before they were cut. `joins` of `incoming` count from its beginning. */
  remembered: AddedRow[]
  /** Rows that leave. */
  gone: KnownRow[]
  /** Withdrawals that say something new. */
  withdrawn: { uri: string; version: number }[]
  /** What does not come in or leaves; each duplicate with the id of the document kept in its place. `boilerplate`: nothing of its own was left. */
  rejects: Reject[]
  /** Documents that went because their pages took them back. */
  taken: number
  counts: Map<string, DuplicateCounts>
}

interface Arrival extends Candidate {
  document: Document
  /** The live rows of its page and of its text. */
  known: { page: KnownRow | undefined; text: KnownRow | undefined }
}

/**
 * Decides about what arrives: one document stays per uri (the newest version), one per text and one per near-duplicate cluster (the best copy: oldest published,
 * then the one whose address names its language, then longest, then smallest uri), over all rows of a miner, whatever their job; then what pages of one host
 * repeat is cut, and what is left is looked at once more. A page that was taken back has no row up to that version, in whatever order that is heard.
 *
 * Only what arrives is looked up, so its cost is that of what is new. Within one call the set decides, not its order; the very same fetch twice is no duplicate,
 * and deciding again about what came in already comes to nothing. Between calls the order shows in three things:
 * a copy that lost does not come back when the better one leaves later; a page that links two rows, each kept when the other was unlike it, costs one of them
 * only then; and a paragraph is boilerplate from its eighth page on, older rows lose it when they are written again (compaction).
 */
export async function decide(index: Looks, documents: readonly Document[], withdrawals: readonly Withdrawal[]): Promise<Decision> {
  const ruling = new Ruling(index)
  const { arrivals, ...taken } = await leaveOut(index, ruling, documents, withdrawals)
  const ofPage = ruling.onePerPage(arrivals, ({ known }) => known.page)
  const ofText = ruling.onePerText(ofPage, ({ known }) => known.text)
  const best = await ruling.onePerCluster(ofText)
  const pages = await mapInTurns(best, (arrival): NamedArrival => ({ ...arrival, arrival, paragraphs: namedParagraphs(arrival.document) }))
  const known = await knownParagraphs(index, pages)
  const cut = await cutBoilerplate(pages, known, ({ ordinal }) => !ruling.gone.has(ordinal))
  const whole = cut.flatMap((each) => (each.document === null ? [] : [asCut(each.page.arrival, each.document)]))
  const kept = await settleCut(index, ruling, whole)
  return {
    ...rowsOf(ofText, cut, kept),
    gone: [...ruling.gone.values()],
    withdrawn: taken.withdrawn,
    rejects: [...taken.rejects, ...ruling.drops.map(dropReject), ...cut.flatMap(({ document, page }) => (document === null ? [emptyReject(page.facts)] : []))],
    taken: taken.rejects.length,
    counts: countByJob(ruling.drops, ruling.clusterHeads),
  }
}

/** With its paragraphs, which only those have that came so far. */
interface NamedArrival extends Arrival {
  arrival: Arrival
  paragraphs: NamedParagraph[]
}

/** What stands for no text. */
const noText = '0'.repeat(64)

/** Takes out what was taken back, of what arrives and of what is there. */
async function leaveOut(index: Looks, ruling: Ruling, documents: readonly Document[], withdrawals: readonly Withdrawal[]) {
  const asked = [...documents, ...withdrawals.map(({ uri }) => ({ uri, id: noText }))]
  const known = await index.exact(asked)
  const until = new Map<string, { version: number; withdrawal?: Withdrawal }>()
  for (const [at, { uri }] of asked.entries()) until.set(uri, { version: known[at]?.withdrawn ?? 0 })
  for (const withdrawal of withdrawals)
    if (withdrawal.version > (until.get(withdrawal.uri)?.version ?? 0)) until.set(withdrawal.uri, { version: withdrawal.version, withdrawal })
  const rejects: Reject[] = []
  const isTaken = ({ uri, version, id, label }: Pick<RowFacts, 'uri' | 'version' | 'id' | 'label'>): boolean => {
    const taken = until.get(uri)
    if (taken === undefined || version > taken.version) return false
    const { reason, at } = taken.withdrawal ?? {}
    rejects.push({ subject: uri, reason: 'withdrawn', stage: 'shard', details: { label, id, version, because: reason, at: at?.toISOString() } })
    return true
  }
  for (const { uri: row } of known) if (row && !ruling.gone.has(row.ordinal) && isTaken(row)) ruling.gone.set(row.ordinal, row)
  const arrivals = documents.flatMap((document, at): Arrival[] => {
    if (isTaken(document)) return []
    return [{ document, facts: rowFacts(document), signatures: [document.minhash], known: { page: known[at]?.uri, text: known[at]?.text } }]
  })
  const withdrawn = [...until].flatMap(([uri, { version, withdrawal }]) => (withdrawal ? [{ uri, version }] : []))
  return { arrivals, rejects, withdrawn }
}

interface CutArrival extends Arrival {
  /** As it arrived. */
  page: Arrival
}

const asCut = (page: Arrival, document: Document): CutArrival =>
  document === page.document ? { ...page, page } : { ...page, page, document, facts: rowFacts(document), signatures: [page.document.minhash, document.minhash] }

/** Where something was cut, what is left may be a copy. */
async function settleCut(index: Looks, ruling: Ruling, pages: readonly CutArrival[]): Promise<CutArrival[]> {
  const changed = pages.filter(isCut)
  if (changed.length === 0) return [...pages]
  const rows = new Map<string, KnownRow | undefined>()
  for (const [at, { text }] of (await index.exact(changed.map(({ facts }) => facts))).entries()) rows.set((changed[at] as CutArrival).facts.id, text)
  const ofText = ruling.onePerText(pages, ({ facts }) => rows.get(facts.id))
  return await ruling.onePerCluster(ofText)
}

const isCut = ({ document, page }: CutArrival): boolean => document !== page.document

/** @param pages all that were looked at for near copies @param cut those of them that were the best @param kept those that still are, as they were cut */
function rowsOf(pages: readonly Arrival[], cut: readonly CutPage<NamedArrival>[], kept: readonly CutArrival[]): Pick<Decision, 'incoming' | 'remembered'> {
  const paragraphsOf = new Map(cut.map(({ page, paragraphs }) => [page.arrival, paragraphs]))
  const keptOf = new Map(kept.map((each) => [each.page, each]))
  const remembered: AddedRow[] = []
  const incoming: Incoming[] = []
  for (const page of pages) {
    const paragraphs = paragraphsOf.get(page) ?? []
    const stays = keptOf.get(page)
    const isSame = stays?.document === page.document
    // As it came, and then as it was cut.
    if (!isSame) {
      const counted = paragraphs.map(({ name }) => ({ name, isKept: false }))
      remembered.push({ facts: page.facts, signature: page.document.minhash, state: 'remembered', place: null, paragraphs: counted })
    }
    if (!stays) continue
    const { document, facts } = stays
    incoming.push({ document, row: { facts, signature: document.minhash, state: 'live', joins: isSame ? [] : [{ added: remembered.length - 1 }], paragraphs } })
  }
  return { incoming, remembered }
}
