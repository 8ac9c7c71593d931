import type { Command } from 'commander'
import { encodersOf } from '#infra/tokenizer/encoders.ts'
import type { OpenWish } from '#infra/preflight.ts'
import { OrreryError } from '#schemas/errors.ts'
import { auditBatch, auditNode } from './blocks/audit.ts'
import { auditFeed } from './blocks/audit-feed.ts'
import { provenShards } from './blocks/proven-shards.ts'
import type { BridgeBackends } from './commands.ts'
import { findNumbered, newestEpoch } from './feed/open-epoch.ts'
import { recentLists } from './plan/lists.ts'

interface Flags {
  epoch?: string
  feed?: string
}

/** Adds `audit batch` and `audit node` to the program. @param open as `bridgeCommands` has it @returns `audit`, which others add to */
export function auditCommands(program: Command, open: (command: Command, wish?: OpenWish) => Promise<BridgeBackends>): Command {
  const audit = program.command('audit').description('Prove what was trained: bytes, order and receipts; that a node has trained, nobody can.')
  audit
    .command('batch <number>')
    .description('Make a batch of the plan anew from the store, and find what became of it in the receipt of its epoch.')
    .option('--epoch <number>', 'epoch of it; absent: the newest')
    .option('--feed <url>', 'ask a feed for the batch and its proof, like http://127.0.0.1:8720, not the data folder; wants --epoch')
    .action(async (number: string, flags: Flags, command: Command) => {
      const batch = countOf(number, 'The batch')
      await using backends = await open(command, { isBegun: true })
      const found = flags.feed === undefined ? await auditHere(backends, batch, flags) : await auditThere(backends, batch, flags)
      process.stdout.write(`${JSON.stringify(found)}\n`)
    })
  audit
    .command('node <name>')
    .description('Batches that a node answered for in a closed epoch, with its losses, and as many that it was not given, for a validator to hold it against.')
    .requiredOption('--epoch <number>', 'the epoch')
    .action(async (name: string, { epoch }: { epoch: string }, command: Command) => {
      await using backends = await open(command, { isBegun: true })
      const { config, catalog, store } = backends
      const parts = { catalog, store, datasetName: config.dataset.name }
      process.stdout.write(`${JSON.stringify(await auditNode(parts, name, countOf(epoch, '--epoch')))}\n`)
    })
  return audit
}

async function auditHere({ config, dataDir, store, catalog, chain }: BridgeBackends, batch: number, { epoch }: Flags) {
  await using encoders = encodersOf({ config, dataDir })
  const datasetName = config.dataset.name
  const source = { catalog, store, datasetName, encoders, shards: provenShards(store), readList: recentLists(store) }
  const opened = epoch === undefined ? await newestEpoch(source) : await findNumbered(source, datasetName, countOf(epoch, '--epoch'))
  if (opened) return auditBatch({ ...source, ...(config.bridge.anchor && { chain }) }, opened, batch)
  throw new OrreryError('not_found', `No epoch was ever planned for the dataset "${datasetName}"; start one with \`orrery bridge serve\`.`, { datasetName })
}

async function auditThere({ config, chain }: BridgeBackends, batch: number, { epoch = '', feed = '' }: Flags) {
  const url = URL.parse(feed)
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw new OrreryError('invalid_argument', `--feed "${feed}" is no web address; write it whole, like http://127.0.0.1:8720.`, { feed })
  const base = `${url.origin}/v1/jobs/${encodeURIComponent(config.dataset.name)}`
  return auditFeed({ base, epoch: countOf(epoch, '--epoch'), batch, ask: globalThis.fetch, ...(config.bridge.anchor && { chain }) })
}

function countOf(text: string, what: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new OrreryError('invalid_argument', `${what} is a whole number from 0, not "${text}".`, { text })
}
