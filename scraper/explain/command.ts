import type { Command } from 'commander'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { frozenClock, systemClock } from '#infra/clock.ts'
import type { Config } from '#infra/config/schema.ts'
import { untilInterrupted } from '#infra/interrupt.ts'
import { httpOptions } from '#infra/net/http-options.ts'
import { createHttp } from '#infra/net/http.ts'
import { OrreryError } from '#schemas/errors.ts'
import { openKnownDocuments } from '../dedup/known-documents.ts'
import { pageTask, type Readable } from '../fetch/read-page.ts'
import { requireContact } from '../miner/contact.ts'
import { explain, type Explanation } from './explanation.ts'
import { explanationText } from './explanation-text.ts'
import { pageOfFile, pageOfUrl } from './page-source.ts'

export type ExplainSettings = Pick<Config, 'data' | 'miner' | 'run' | 'sources'>
interface Flags {
  url?: string
  json?: boolean
  markdown?: boolean
  text?: boolean
}

/** Adds `scraper explain` to the program. It changes nothing. @param settings of the command line that runs */
export function explainCommand(program: Command, settings: (command: Command) => ExplainSettings): void {
  program
    .command('scraper')
    .description('Look at what the scraper does.')
    .command('explain')
    .description('Read one page as a miner does, and say of each decision why.')
    .argument('<page>', 'a URL, or a file of HTML')
    .option('--url <url>', 'the address that a file is from')
    .option('--json', 'the explanation as JSON')
    .option('--markdown', 'the main content as Markdown, and nothing else')
    .option('--text', 'the main text as it is trained on, and nothing else')
    .action(async (page: string, flags: Flags, command: Command) => {
      using interrupt = untilInterrupted()
      process.stdout.write(`${printed(await explained(page, flags, settings(command), interrupt.signal), flags)}\n`)
    })
}

/** @throws OrreryError `invalid_argument`, `invalid_config`: one line for whoever asked */
export async function explained(page: string, { url }: Flags, settings: ExplainSettings, signal: AbortSignal): Promise<Explanation> {
  const { miner, run, data } = settings
  const nowMs = (run.frozen_at === undefined ? systemClock() : frozenClock(Date.parse(run.frozen_at))).now()
  const readable = /^https?:\/\//i.test(page) ? await fetched(page, settings, signal) : await pageOfFile(page, url, miner.page_bytes_max)
  const folder = resolve(data.dir)
  await using known = existsSync(join(folder, 'near-duplicates', miner.name)) ? openKnownDocuments(folder, miner.name, { readOnly: true }) : undefined
  return await explain(pageTask(readable, nowMs, { obeyRights: miner.obey_rights, keepsMarkdown: false }), { known })
}

async function fetched(url: string, settings: ExplainSettings, signal: AbortSignal): Promise<Readable> {
  if (!URL.canParse(url)) throw new OrreryError('invalid_argument', `"${url}" is no URL; give one like https://www.example.org/page.`, { url })
  requireContact(settings.miner.contact, [url], () => false)
  await using http = createHttp(await httpOptions(settings))
  return await pageOfUrl(url, { http, pace: systemClock() }, signal)
}

function printed(explanation: Explanation, { json, markdown, text }: Flags): string {
  if (json) return JSON.stringify(explanation, undefined, 2)
  if (markdown) return explanation.markdown
  return text ? explanation.text : explanationText(explanation)
}
