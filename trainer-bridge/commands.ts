import type { Command } from 'commander'
import { anchor, anchorBefore } from '#infra/chain/anchor.ts'
import type { Config } from '#infra/config/schema.ts'
import { encodersOf } from '#infra/tokenizer/encoders.ts'
import { interruptible } from '#infra/interrupt.ts'
import { listen } from '#infra/net/server.ts'
import { repeat } from '#infra/repeat.ts'
import type { Sweep } from '#infra/sweep/sweep.ts'
import type { OpenWish } from '#infra/preflight.ts'
import type { Chain, Signer } from '#schemas/chain.ts'
import { ownJobs } from '#schemas/desirability-voices.ts'
import { OrreryError } from '#schemas/errors.ts'
import { lineage } from '#schemas/lineage.ts'
import { openBridge, type BridgeParts } from './service.ts'
import { gravityVotes, type GravityVote } from './steer/gravity-votes.ts'

/** The backends of a data folder, as far as the bridge uses them. */
export interface BridgeBackends
  extends
    Pick<BridgeParts, 'store' | 'catalog' | 'ledger' | 'pace' | 'telemetry' | 'signedPaths' | 'nodes' | 'consumers' | 'access' | 'signatureChecks'>,
    AsyncDisposable {
  config: Config
  dataDir: string
  chain: Chain
  wallet(name: string): Promise<{ signer: Signer; coldkey: string }>
  sweep(name: string): Sweep
}

/** Between two looks for new tokens when there is nothing to train, or when it failed. */
const idleMs = 2_000

/**
 * Adds `bridge serve`, `bridge close` and `bridge desirability` to the program.
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
    .command('desirability')
    .description('Print what is sought as a validator of Data Universe votes with it (Gravity): [{id, weight, params}], weights that are one together.')
    .action(async (_options: unknown, command: Command) => {
      await using backends = await open(command, { isBegun: true, ownsOutput: true })
      print(await votesOf(backends))
    })
}

async function serve({ config, dataDir, chain, wallet, ...parts }: BridgeBackends, signal: AbortSignal): Promise<void> {
  const { host, port } = config.bridge
  const sweep = parts.sweep(`bridge-${config.dataset.name}`)
  await using encoders = encodersOf({ config, dataDir })
  const anchored = config.bridge.anchor ? await bridgeAnchors({ chain, wallet }) : {}
  await using bridge = await openBridge({
    ...parts,
    ...anchored,
    chain,
    wallet,
    encoders,
    sweep,
    settings: config.bridge,
    datasetName: config.dataset.name,
    seed: config.run.seed,
  })
  const { origin } = await listen(bridge.app, { host, port, setting: 'bridge.port' })
  parts.telemetry.event('bridge.listening', { origin })
  const { runEpoch: work } = bridge
  await repeat({ ...parts, work, restMs: (report) => (report?.outcome === 'steered' ? 0 : idleMs), failed: 'bridge.epoch_failed' }, signal)
}

async function votesOf({ catalog }: BridgeBackends): Promise<GravityVote[]> {
  const head = await catalog.head(lineage.desirability)
  if (head) return gravityVotes(ownJobs(head.manifest))
  throw new OrreryError('not_found', 'There is no desirability list yet; start `orrery up`, or name sources and start `orrery miner run`.')
}

/** Commits receipts under a hotkey of the bridge's own. */
export async function bridgeAnchors({
  chain,
  wallet,
}: Pick<BridgeBackends, 'chain' | 'wallet'>): Promise<Required<Pick<BridgeParts, 'anchorReceipt' | 'anchorPlan'>>> {
  const { signer, coldkey } = await wallet('bridge')
  await chain.register(signer, coldkey)
  return {
    anchorReceipt: (sha256) => anchor(chain, signer, { kind: 'receipt', sha256 }),
    anchorPlan: (sha256, signal) => anchorBefore(chain, signer, { kind: 'plan', sha256 }, signal),
  }
}

/** A serving bridge sees the closed epoch at its next look and steers by it. */
async function closeOpenEpoch({ catalog, ledger, config }: BridgeBackends): Promise<unknown> {
  const line = lineage.plan(config.dataset.name)
  const head = await catalog.head(line)
  if (!head)
    throw new OrreryError('not_found', `No epoch was ever planned for the dataset "${config.dataset.name}"; start one with \`orrery bridge serve\`.`, { line })
  return ledger.close(head.sha256, head.version - 1)
}

const print = (value: unknown): boolean => process.stdout.write(`${JSON.stringify(value)}\n`)
