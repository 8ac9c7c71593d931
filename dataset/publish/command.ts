import { join } from 'node:path'
import type { Command } from 'commander'
import { isAgreed } from '#infra/cli/agreed.ts'
import { interruptible } from '#infra/interrupt.ts'
import type { OpenWish } from '#infra/preflight.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { DatasetBackends } from '../commands.ts'
import { progressOn } from './progress.ts'
import { publish } from './publish.ts'
import { readToken } from './token.ts'

interface PublishFlags {
  repo: string
  hubUrl: string
  tokenFile?: string
  public: boolean
  yes: boolean
  replace: boolean
  signature: boolean
  dryRun: boolean
}

/** Adds `dataset publish`. */
export function publishCommand(dataset: Command, open: (command: Command, wish?: OpenWish) => Promise<DatasetBackends>): void {
  dataset
    .command('publish [name]')
    .description('Publish the newest version of a dataset (default: dataset.name) as a Hugging Face dataset, a private one if not said otherwise.')
    .requiredOption('--repo <user/name>', 'repository on the hub; made when it is not there')
    .option('--hub-url <url>', 'origin of the hub', process.env['HF_ENDPOINT'] || 'https://huggingface.co')
    .option('--token-file <file>', 'file with the access token, in place of HF_TOKEN and the token of `hf auth login`')
    .option('--public', 'for everybody to read', false)
    .option('--yes', 'do not ask before the first publication that everybody may read', false)
    .option('--replace', 'replace what the repository holds, whosever it is', false)
    .option('--signature', 'publish the MinHash signatures too', false)
    .option('--dry-run', 'only say what would be sent', false)
    .action(async (name: string | undefined, flags: PublishFlags, command: Command) => {
      const hubUrl = originOf(flags.hubUrl)
      const token = await readToken({ tokenFile: flags.tokenFile, env: process.env })
      await interruptible(async (signal) => {
        await using backends = await open(command, { isBegun: true })
        const progress = progressOn(process.stderr)
        const question = `Everybody will be able to read ${flags.repo} on ${hubUrl}. Publish?`
        const unasked = `Nobody can be asked whether "${flags.repo}" may be public; say --yes, or leave --public out.`
        try {
          const publication = await publish({
            ...backends,
            name: name ?? backends.config.dataset.name,
            repo: flags.repo,
            hubUrl,
            token,
            isPublic: flags.public,
            mayBePublic: () => (flags.yes ? Promise.resolve(true) : isAgreed({ question, unasked, signal })),
            replaces: flags.replace,
            withSignature: flags.signature,
            isDry: flags.dryRun,
            spool: join(backends.dataDir, 'spool'),
            progress,
            signal,
          })
          process.stdout.write(`${JSON.stringify(publication)}\n`)
        } finally {
          progress.end()
        }
      })
    })
}

function originOf(hubUrl: string): string {
  const url = URL.parse(hubUrl)
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw new OrreryError('invalid_argument', `--hub-url "${hubUrl}" is no web address; write it whole, like https://huggingface.co.`, { hubUrl })
  // Nothing of it is left out in silence.
  if (`${url.origin}/` === url.href) return url.origin
  throw new OrreryError('invalid_argument', `--hub-url has more than an origin; write ${url.origin} alone, where the API of a hub is.`, { hub: url.origin })
}
