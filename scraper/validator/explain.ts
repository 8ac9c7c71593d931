import { existsSync } from 'node:fs'
import type { Catalog } from '#schemas/catalog.ts'
import { OrreryError } from '#schemas/errors.ts'
import { lineage } from '#schemas/lineage.ts'
import type { ScoresManifest, VerdictManifest } from '#schemas/manifest.ts'
import { doubtTerms, type DoubtTerms } from './doubt.ts'
import { openEvidence, type JudgedRow } from './evidence.ts'
import { evidencePath } from './judge-sample.ts'
import type { PageEvidence } from './page-evidence.ts'

/** What a validator holds for and against a miner, and why. */
export interface Explanation {
  hotkey: string
  /** Block of the metagraph that was evaluated last. */
  block: number
  /** Of the last evaluation; undefined: it was not scored yet. */
  score: ScoresManifest['miners'][number] | undefined
  /** The last that was told; undefined: nothing was. */
  verdict: Pick<VerdictManifest, 'block' | 'index' | 'committed_block' | 'passed' | 'failures' | 'pages'> | undefined
  doubt: DoubtTerms
  /** Those that were judged last, the newest first. */
  rows: readonly ExplainedRow[]
}

export interface ExplainedRow extends Omit<JudgedRow, 'evidence' | 'again' | 'row' | 'at'> {
  at: string
  /** It will be looked at once more. */
  isOpen: boolean
  /** undefined: it is long past. */
  evidence: PageEvidence | undefined
}

export interface ExplainParams {
  /** Of the validator (command.ts). */
  folder: string
  validator: string
  catalog: Pick<Catalog, 'head'>
  /** Now, ms. */
  now: number
}

/** @throws OrreryError `not_found` for a miner of whom this validator knows nothing */
export async function explain(hotkey: string, limit: number, { folder, validator, catalog, now }: ExplainParams): Promise<Explanation> {
  const scores = (await catalog.head(lineage.scores(validator)))?.manifest
  const score = scores?.miners.find((miner) => miner.hotkey === hotkey)
  const verdict = (await catalog.head(lineage.verdict(validator, hotkey)))?.manifest
  const path = evidencePath(folder)
  if (!existsSync(path)) throw unknown(hotkey, validator)
  await using evidence = openEvidence(path)
  if (!score && !verdict && !(await evidence.hotkeys()).includes(hotkey)) throw unknown(hotkey, validator)
  const doubt = await evidence.doubt(hotkey)
  const rows = await evidence.newest(hotkey, limit)
  return { hotkey, block: scores?.block ?? 0, score, verdict, doubt: doubtTerms(doubt, now), rows: rows.map(explainedRow) }
}

const unknown = (hotkey: string, validator: string): OrreryError =>
  new OrreryError('not_found', `${validator} has judged no miner ${hotkey.slice(0, 100)}; "orrery chain status" lists the hotkeys that are registered.`, {
    hotkey,
  })

function explainedRow({ evidence, again, row: _row, at, ...said }: JudgedRow): ExplainedRow {
  return {
    ...said,
    at: new Date(at).toISOString(),
    isOpen: again !== null,
    evidence: evidence === null ? undefined : (JSON.parse(evidence) as PageEvidence),
  }
}
