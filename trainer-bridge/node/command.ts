import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { ensureWallet } from '#infra/chain/wallet.ts'
import { systemClock, wallClock } from '#infra/clock.ts'
import type { Config } from '#infra/config/schema.ts'
import { interruptible } from '#infra/interrupt.ts'
import { createTelemetry } from '#infra/telemetry/telemetry.ts'
import { OrreryError } from '#schemas/errors.ts'
import { NodeName } from '#schemas/feed.ts'
import { activeWindow } from './active-window.ts'
import { feedClient } from './feed-client.ts'
import { identityOf, type Credentials } from './identity.ts'
import { keptToken } from './kept-token.ts'
import { nodeLines } from './node-lines.ts'
import { standingOf } from './standing.ts'
import { standingTable } from './standing-table.ts'
import { trainNode } from './train.ts'

interface WhoFlags {
  feed: string
  node: string
  wallet?: string
  tokenFile?: string
}

interface RunFlags extends WhoFlags {
  active?: string
  timeZone?: string
}

const nodeMsMax = 10_000

/** Adds `node run` and `node show` to the program. @param settingsOf the settings of the command that runs */
export function nodeCommands(program: Command, settingsOf: (command: Command) => Pick<Config, 'data' | 'run'>): void {
  const node = program.command('node').description('Train what a feed leases to this machine.')
  withWho(node.command('run'))
    .description('Be a training node: join, lease, train, answer with the loss, until it is interrupted.')
    .option('--active <span>', 'work only then, like 22:00-06:00 (local time); absent: always')
    .option('--time-zone <zone>', 'whose time --active is, like Europe/Berlin; absent: of this machine')
    .action((flags: RunFlags, command: Command) => interruptible((signal) => run(flags, settingsOf(command), signal)))
  withWho(node.command('show'))
    .description('What the feed has booked of a node, day by day.')
    .option('--json', 'for programs', false)
    .action(async ({ json, ...flags }: WhoFlags & { json: boolean }, command: Command) => {
      const { client } = await openClient(flags, settingsOf(command))
      const history = await client.history(AbortSignal.timeout(nodeMsMax))
      process.stdout.write(`${json ? JSON.stringify({ ...history, standing: standingOf(history) }) : standingTable(history)}\n`)
    })
}

const withWho = (command: Command): Command =>
  command
    .requiredOption('--feed <url>', 'origin of the feed, like http://127.0.0.1:8720')
    .option(
      '--node <name>',
      'name of this node',
      hostname()
        .replace(/[^A-Za-z0-9._-]/g, '-')
        .slice(0, 64),
    )
    .option('--wallet <name>', 'wallet of the data folder whose hotkey signs when it joins')
    .option('--token-file <file>', 'file with a key of the operator of the feed (orr_…), in place of ORRERY_NODE_TOKEN')

async function run(flags: RunFlags, settings: Pick<Config, 'data' | 'run'>, signal: AbortSignal): Promise<void> {
  const active = activeWindow(flags.active, flags.timeZone)
  const telemetry = createTelemetry()
  const { who } = await openClient(flags, settings)
  const view = nodeLines(telemetry, process.stdout, Date.now)
  try {
    const report = await trainNode({ ...who, active, fetch: globalThis.fetch, pace: systemClock(), date: wallClock().now, telemetry, signal })
    process.stdout.write(`${JSON.stringify(report)}\n`)
  } finally {
    view.close()
  }
}

async function openClient(flags: WhoFlags, { data, run: { seed } }: Pick<Config, 'data' | 'run'>) {
  const origin = originOf(flags.feed)
  if (!NodeName.safeParse(flags.node).success)
    throw new OrreryError('invalid_argument', `--node "${flags.node}" is no name of a node; take 1 to 64 of A-Z a-z 0-9 . _ -.`, { node: flags.node })
  const dataDir = resolve(data.dir)
  const signer = flags.wallet === undefined ? undefined : (await ensureWallet(join(dataDir, 'wallets'), flags.wallet, { seed, isDrawn: true })).signer
  const credentials: Credentials = { key: await keyOf(flags), signer, kept: keptToken(dataDir, { origin, node: flags.node }) }
  const who = { origin, node: flags.node, credentials }
  const pace = systemClock()
  const identity = identityOf(credentials, wallClock().now)
  return { who, client: feedClient({ ...who, identity, fetch: globalThis.fetch, pace, telemetry: createTelemetry() }) }
}

/** It goes into no message and no log. */
async function keyOf({ tokenFile }: WhoFlags): Promise<string | undefined> {
  const place = tokenFile === undefined ? 'ORRERY_NODE_TOKEN' : `the file "${tokenFile}"`
  const text = tokenFile === undefined ? process.env['ORRERY_NODE_TOKEN'] : await readFile(tokenFile, 'utf8').catch(unreadable(tokenFile))
  const key = text?.trim()
  if (key === undefined || (key === '' && tokenFile === undefined)) return undefined
  if (/^[\x21-\x7e]{1,256}$/.test(key)) return key
  throw new OrreryError('invalid_argument', `There is no key in ${place}; ask the operator of the feed for one.`)
}

const unreadable = (path: string) => (cause: unknown) => {
  throw new OrreryError('invalid_argument', `The token file "${path}" cannot be read; check --token-file.`, { path }, cause)
}

function originOf(feed: string): string {
  const url = URL.parse(feed)
  if (url && (url.protocol === 'http:' || url.protocol === 'https:')) return url.origin
  throw new OrreryError('invalid_argument', `--feed "${feed}" is no web address; write it whole, like http://127.0.0.1:8720.`, { feed })
}
