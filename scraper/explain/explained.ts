import { resolve } from 'node:path'
import { frozenClock, systemClock } from '#infra/clock.ts'
import { jobsOf } from '#infra/config/jobs.ts'
import type { Config } from '#infra/config/schema.ts'
import { OrreryError } from '#schemas/errors.ts'
import { pageUrl } from '#schemas/identity/canonical-url.ts'
import { indexFolders } from '../dedup/index-name.ts'
import { pageTask, type Readable } from '../document/read-page.ts'
import { openBlockList } from '../filter/block-list/block-list.ts'
import { requireContact } from '#infra/net/contact.ts'
import { compileJobs, labelOf, type Jobs } from '../jobs/jobs.ts'
import { explain, type Explanation, type Known } from './explanation.ts'
import { explanationText } from './explanation-text.ts'
import { pageOfFile } from './page-of-file.ts'

export type ExplainSettings = Pick<Config, 'data' | 'miner' | 'run' | 'sources'>
export interface ExplainFlags {
  url?: string
  json?: boolean
  markdown?: boolean
  text?: boolean
}

/**
 * Reads one page and explains it. What only some pages need (a client, an index) is loaded for those.
 * @throws OrreryError `invalid_argument`, `invalid_config`: one line for whoever asked
 */
export async function explained(page: string, { url }: ExplainFlags, settings: ExplainSettings, signal: AbortSignal): Promise<Explanation> {
  const { miner, run, data, sources } = settings
  const nowMs = (run.frozen_at === undefined ? systemClock() : frozenClock(Date.parse(run.frozen_at))).now()
  const isUrl = /^https?:\/\//i.test(page)
  await refuseBlocked(isUrl ? page : (url ?? ''), settings)
  const jobs = compileJobs(jobsOf(sources))
  const readable = isUrl ? await fetched(page, settings, jobs, signal) : await pageOfFile(page, url, miner.page_bytes_max)
  const known = await knownTo(resolve(data.dir))
  const uri = pageUrl(readable.fetched.url)
  const job = uri === undefined ? undefined : jobs.of(uri)
  const task = pageTask({ ...readable, quality: job?.web.quality }, nowMs, { obeyRights: miner.obey_rights, keepsMarkdown: false })
  return await explain(task, { known, label: job && labelOf(job) })
}

/** What any miner of this data folder knows; undefined when there was none. */
async function knownTo(dataDir: string): Promise<Known | undefined> {
  const folders = await indexFolders(dataDir)
  if (folders.length === 0) return undefined
  const { neighboursIn } = await import('#infra/corpus-index/neighbours.ts')
  return async (signature, limit) => {
    const found = await Promise.all(folders.map((folder) => neighboursIn(folder, signature, limit)))
    return found.flat().toSorted((a, b) => b.similarity - a.similarity)
  }
}

/** A miner neither asks for such a page nor keeps it. */
async function refuseBlocked(text: string, { miner }: ExplainSettings): Promise<void> {
  const url = pageUrl(text)
  await using list = await openBlockList({ path: miner.block_list, pace: systemClock(), telemetry: { event: () => undefined } })
  if (url === undefined || !list.blocks(url)) return
  throw new OrreryError('invalid_argument', `${url} is on the block list ${miner.block_list} (miner.block_list): nobody asks for it here.`, { url })
}

async function fetched(url: string, settings: ExplainSettings, jobs: Jobs, signal: AbortSignal): Promise<Readable> {
  if (!URL.canParse(url)) throw new OrreryError('invalid_argument', `"${url}" is no URL; give one like https://www.example.org/page.`, { url })
  requireContact(settings.miner.contact, [url], () => false)
  const [{ createHttp }, { httpOptions }, { pageOfUrl }] = await Promise.all([
    import('#infra/net/http.ts'),
    import('#infra/net/http-options.ts'),
    import('./page-of-url.ts'),
  ])
  await using http = createHttp(await httpOptions(settings))
  const asks = { http, pace: systemClock(), headersOf: (each: string) => jobs.of(each)?.web.headers, hostDelayMs: settings.miner.host_delay_ms }
  return await pageOfUrl(url, asks, signal)
}

/** The explanation, as it was asked for. */
export function printed(explanation: Explanation, { json, markdown, text }: ExplainFlags): string {
  if (json) return JSON.stringify(explanation, undefined, 2)
  if (markdown) return explanation.markdown
  return text ? explanation.text : explanationText(explanation)
}
