import { openDatabase } from '#infra/sqlite/database.ts'
import type { PortThread } from '#infra/sqlite/port-thread.ts'
import { fileSchemas } from '#infra/sqlite/schema.ts'
import { noDoubt, type Doubt } from './doubt.ts'
import type { OwnLook, PageVerdict } from './judge-page.ts'

/** A row that was judged. */
export interface JudgedRow {
  /** What it is known by, 32 hex digits (try-rows.ts). */
  row: string
  /** This and its job are empty of what is long past. */
  uri: string
  jobId: string
  textBytes: number
  /** ms since epoch, of the look. */
  at: number
  verdict: PageVerdict
  reason: string | null
  /** The page supports its date. */
  isDated: boolean
  /** What the row says and what was found, for a person: plain JSON of at most some KB; null of what is long past. */
  evidence: string | null
  /** Its page is to be looked at again: JSON of what is asked and compared then. */
  again: string | null
}

/** A look at a page. */
export interface KeptLook extends OwnLook {
  uri: string
}

interface Control {
  uri: string
  at: number
}

interface Findings {
  doubt: Doubt
  /** Those that are known take the place of what was said before. */
  rows: readonly JudgedRow[]
  looks: readonly KeptLook[]
}

/** What a validator saw and judged, on disk. It holds what a bound in rows allows, and of miners that are none any more nothing. */
export interface Evidence extends AsyncDisposable {
  /** What is held against a miner, over its indexes. */
  doubt(hotkey: string): Promise<Doubt>
  /** What was said of these rows, in their order; undefined: not judged yet. */
  known(hotkey: string, rows: readonly string[]): Promise<(JudgedRow | undefined)[]>
  /** Rows to look at again whose last look is no later than that, those that wait longest first. */
  due(hotkey: string, before: number, limit: number): Promise<JudgedRow[]>
  /** Own looks at these pages, of each the oldest first. */
  looks(uris: readonly string[]): Promise<KeptLook[]>
  /** Pages that were as their rows said, the newest first, with the time of that look: one of each host, or all of one. */
  controls(limit: number, host?: string): Promise<Control[]>
  note(hotkey: string, findings: Findings): Promise<void>
  /** The rows that were judged last, the newest first. */
  newest(hotkey: string, limit: number): Promise<JudgedRow[]>
  hotkeys(): Promise<string[]>
  forget(hotkey: string): Promise<void>
}

const methods = { doubt: true, known: true, due: true, looks: true, controls: true, note: true, newest: true, hotkeys: true, forget: true } as const

export const threadedEvidence = (path: string, thread: PortThread): Evidence =>
  thread.open<Evidence>({ module: import.meta.url, factory: 'openEvidence', args: [path] }, methods)

/** What is kept of one miner: so many rows, of the newest of them what was found; and of pages, whoever showed them. */
export interface EvidenceBounds {
  rowsMax: number
  withEvidenceMax: number
  looksMax: number
}
const bounds: EvidenceBounds = { rowsMax: 5000, withEvidenceMax: 200, looksMax: 60_000 }
const looksPerPage = 3

export function openEvidence(path: string, { rowsMax, withEvidenceMax, looksMax }: Partial<EvidenceBounds> = {}): Evidence {
  const tables = new EvidenceTables(path, {
    rowsMax: rowsMax ?? bounds.rowsMax,
    withEvidenceMax: withEvidenceMax ?? bounds.withEvidenceMax,
    looksMax: looksMax ?? bounds.looksMax,
  })
  return {
    doubt: async (hotkey) => tables.doubt(hotkey),
    known: async (hotkey, rows) => rows.map((row) => tables.row(hotkey, row)),
    due: async (hotkey, before, limit) => tables.due(hotkey, before, limit),
    looks: async (uris) => uris.flatMap((uri) => tables.looks(uri)),
    controls: async (limit, host) => (host === undefined ? tables.controls(limit) : tables.controlsOf(host, limit)),
    note: async (hotkey, findings) => tables.note(hotkey, findings),
    newest: async (hotkey, limit) => tables.newest(hotkey, limit),
    hotkeys: async () => tables.hotkeys(),
    forget: async (hotkey) => tables.forget(hotkey),
    [Symbol.asyncDispose]: async () => tables[Symbol.dispose](),
  }
}

interface StoredRow extends Omit<JudgedRow, 'isDated'> {
  isDated: number
}

const rowColumns = 'row, uri, job_id as jobId, text_bytes as textBytes, at, verdict, reason, is_dated as isDated, evidence, again'
const ofMiner = 'miner = (select miner from miners where hotkey = ?)'

class EvidenceTables implements Disposable {
  readonly #db
  readonly #bounds

  constructor(path: string, limits: EvidenceBounds) {
    this.#db = openDatabase(path, fileSchemas.evidence)
    this.#bounds = limits
  }

  doubt(hotkey: string): Doubt {
    const stored = this.#db.get<{ doubt: string }>('select doubt from miners where hotkey = ?', hotkey)
    return stored ? (JSON.parse(stored.doubt) as Doubt) : noDoubt
  }

  row(hotkey: string, row: string): JudgedRow | undefined {
    const stored = this.#db.get<StoredRow>(`select ${rowColumns} from rows where ${ofMiner} and row = ?`, hotkey, row)
    return stored && asRow(stored)
  }

  due(hotkey: string, before: number, limit: number): JudgedRow[] {
    const where = `${ofMiner} and again is not null and at <= ? order by at, row limit ?`
    return this.#db.all<StoredRow>(`select ${rowColumns} from rows where ${where}`, hotkey, before, limit).map(asRow)
  }

  newest(hotkey: string, limit: number): JudgedRow[] {
    return this.#db.all<StoredRow>(`select ${rowColumns} from rows where ${ofMiner} order by number desc limit ?`, hotkey, limit).map(asRow)
  }

  looks(uri: string): KeptLook[] {
    const columns = 'uri, at, html as htmlSha256, minhash, changed_at as changedAt'
    return this.#db
      .all<Omit<KeptLook, 'changedAt'> & { changedAt: number | null }>(`select ${columns} from looks where uri = ? order by at`, uri)
      .map(({ changedAt, ...look }) => ({ ...look, changedAt: changedAt ?? undefined }))
  }

  controls(limit: number): Control[] {
    const newest = "select max(number) from rows where verdict = 'same' group by host order by 1 desc limit ?"
    return this.#db.all<Control>(`select uri, at from rows where number in (${newest}) order by number desc`, limit)
  }

  controlsOf(host: string, limit: number): Control[] {
    return this.#db.all<Control>("select uri, at from rows where host = ? and verdict = 'same' order by number desc limit ?", host, limit)
  }

  note(hotkey: string, { doubt, rows, looks }: Findings): void {
    this.#db.transaction(() => {
      const miner = this.#minerOf(hotkey, doubt)
      for (const row of rows) this.#putRow(miner, row)
      this.#boundRows(miner)
      for (const look of looks) this.#putLook(look)
      const { looksMax } = this.#bounds
      this.#db.run('delete from looks where number <= (select max(number) from looks) - ?', looksMax)
    })
  }

  hotkeys(): string[] {
    return this.#db.all<{ hotkey: string }>('select hotkey from miners').map(({ hotkey }) => hotkey)
  }

  forget(hotkey: string): void {
    this.#db.transaction(() => {
      this.#db.run(`delete from rows where ${ofMiner}`, hotkey)
      this.#db.run('delete from miners where hotkey = ?', hotkey)
    })
  }

  [Symbol.dispose](): void {
    this.#db[Symbol.dispose]()
  }

  #minerOf(hotkey: string, doubt: Doubt): number {
    this.#db.run('insert into miners (hotkey, doubt) values (?, ?) on conflict do update set doubt = excluded.doubt', hotkey, JSON.stringify(doubt))
    return this.#db.get<{ miner: number }>('select miner from miners where hotkey = ?', hotkey)?.miner ?? 0
  }

  #putRow(miner: number, { row, uri, jobId, textBytes, at, verdict, reason, isDated, evidence, again }: JudgedRow): void {
    this.#db.run('delete from rows where miner = ? and row = ?', miner, row)
    this.#db.run(
      'insert into rows (miner, row, uri, host, job_id, text_bytes, at, verdict, reason, is_dated, evidence, again) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      miner,
      row,
      uri,
      URL.parse(uri)?.host ?? '',
      jobId,
      textBytes,
      at,
      verdict,
      reason,
      isDated ? 1 : 0,
      evidence,
      again,
    )
  }

  #boundRows(miner: number): void {
    const { rowsMax, withEvidenceMax } = this.#bounds
    const nth = 'select number from rows where miner = ? order by number desc limit 1 offset ?'
    this.#db.run(`delete from rows where miner = ? and number <= (${nth})`, miner, miner, rowsMax)
    const past = "evidence = null, again = null, uri = '', host = '', job_id = ''"
    this.#db.run(`update rows set ${past} where miner = ? and number <= (${nth}) and evidence is not null`, miner, miner, withEvidenceMax)
  }

  #putLook({ uri, at, htmlSha256, minhash, changedAt }: KeptLook): void {
    this.#db.run('insert into looks (uri, at, html, minhash, changed_at) values (?, ?, ?, ?, ?)', uri, at, htmlSha256, minhash, changedAt ?? null)
    const nth = 'select number from looks where uri = ? order by number desc limit 1 offset ?'
    this.#db.run(`delete from looks where uri = ? and number <= (${nth})`, uri, uri, looksPerPage)
  }
}

const asRow = ({ isDated, ...stored }: StoredRow): JudgedRow => ({ ...stored, isDated: isDated === 1 })
