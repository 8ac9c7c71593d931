import { hostname } from 'node:os'
import type { Command } from 'commander'
import { systemClock } from '#infra/clock.ts'
import type { Config } from '#infra/config/schema.ts'
import { interruptible } from '#infra/interrupt.ts'
import { listen } from '#infra/net/server.ts'
import { repeat } from '#infra/repeat.ts'
import type { Sweep } from '#infra/sweep/sweep.ts'
import type { OpenWish } from '#infra/preflight.ts'
import { jsonLines } from '#infra/telemetry/console.ts'
import { createTelemetry } from '#infra/telemetry/telemetry.ts'
import { OrreryError } from '#schemas/errors.ts'
import { lineage } from '#schemas/lineage.ts'
import { trainNode } from './node/train.ts'
import { openBridge, type BridgeParts } from './service.ts'

/** The backends of a data folder, as far as the bridge uses them. */
export interface BridgeBackends extends Pick<BridgeParts, 'store' | 'catalog' | 'ledger' | 'pace' | 'telemetry'>, AsyncDisposable {
  config: Config
  sweep(name: string): Sweep
}

/** Between two looks for new tokens when there is nothing to train, or when it failed. */
const idleMs = 2_000

/**
 * Adds `bridge serve`, `bridge close` and `bridge train` to the program.
 * @param open opens the backends by the settings and flags of the command that runs
 */
export function bridgeCommands(program: Command, open: (command: Command, wish?: OpenWish) => Promise<BridgeBackends>): void {
  const bridge = program.command('bridge').description('Lease token batches to training nodes; their loss moves what is scraped next.')
  bridge
    .command('serve')
    .description('Serve the feed and run one epoch after the other, until it is interrupted.')
    .action((_options: unknown, command: Command) =>
      interruptible(async (signal) => {
        await using backends = await open(command, { serves: ['feed'] })
        await serve(backends, signal)
      }),
    )
  bridge
    .command('close')
    .description('Close the open epoch: what is not settled is void, and the weights move by what is.')
    .action(async (_options: unknown, command: Command) => {
      await using backends = await open(command, { isBegun: true })
      print(await closeOpenEpoch(backends))
    })
  bridge
    .command('train')
    .description('Be a training node: lease, train, answer with the loss, until it is interrupted.')
    .requiredOption('--feed <url>', 'origin of the feed, like http://127.0.0.1:8720')
    .option('--node <name>', 'name of this node', `${hostname()}-${process.pid}`.replace(/[^A-Za-z0-9._-]/g, '-').slice(0, 64))
    .action(async ({ feed, node }: { feed: string; node: string }) => {
      const telemetry = createTelemetry()
      jsonLines(telemetry, process.stdout, Date.now)
      const parts = { fetch: globalThis.fetch, pace: systemClock(), telemetry }
      print(await interruptible((signal) => trainNode({ origin: originOf(feed), node, ...parts, signal })))
    })
}

async function serve({ config, ...parts }: BridgeBackends, signal: AbortSignal): Promise<void> {
  const { host, port } = config.bridge
  const sweep = parts.sweep(`bridge-${config.dataset.name}`)
  await using bridge = await openBridge({ ...parts, sweep, settings: config.bridge, datasetName: config.dataset.name, seed: config.run.seed })
  const { origin } = await listen(bridge.app, { host, port, setting: 'bridge.port' })
  parts.telemetry.event('bridge.listening', { origin })
  const { runEpoch: work } = bridge
  await repeat({ ...parts, work, restMs: (report) => (report?.outcome === 'steered' ? 0 : idleMs), failed: 'bridge.epoch_failed' }, signal)
}

/** A serving bridge sees the closed epoch at its next look and steers by it. */
async function closeOpenEpoch({ catalog, ledger, config }: BridgeBackends): Promise<unknown> {
  const line = lineage.plan(config.dataset.name)
  const head = await catalog.head(line)
  if (!head)
    throw new OrreryError('not_found', `No epoch was ever planned for the dataset "${config.dataset.name}"; start one with \`orrery bridge serve\`.`, { line })
  return ledger.close(head.sha256, head.version - 1)
}

function originOf(feed: string): string {
  const url = URL.parse(feed)
  if (url && (url.protocol === 'http:' || url.protocol === 'https:')) return url.origin
  throw new OrreryError('invalid_argument', `--feed "${feed}" is no web address; write it whole, like http://127.0.0.1:8720.`, { feed })
}

const print = (value: unknown): boolean => process.stdout.write(`${JSON.stringify(value)}\n`)
