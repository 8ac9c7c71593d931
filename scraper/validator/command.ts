import { join } from 'node:path'
import type { Command } from 'commander'
import type { Config } from '#infra/config/schema.ts'
import { interruptible } from '#infra/interrupt.ts'
import { repeat } from '#infra/repeat.ts'
import type { Http } from '#infra/net/http.ts'
import type { OnDemandBoard } from '#infra/on-demand/board.ts'
import type { Signer } from '#schemas/chain.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { OpenWish } from '#infra/preflight.ts'
import { sizeOf } from '#infra/telemetry/console.ts'
import { stackOf } from '#infra/telemetry/stack-of.ts'
import { OrreryError } from '#schemas/errors.ts'
import { openPagePool, type PagePool } from '../document/page-pool.ts'
import { postFinder } from '../posts/find-posts.ts'
import { openOnDemandJudge } from './on-demand/open-judge.ts'
import { judgePostsCommand } from './posts/command.ts'
import type { Refetch } from './refetch.ts'
import { openValidator, type Validator, type ValidatorParams } from './validator.ts'
import { explain } from './explain.ts'
import { explanationText } from './explain-text.ts'
import { webRefetch } from './web-refetch.ts'

/** The backends of a data folder, as far as a validator uses them. */
export interface ValidatorBackends extends Omit<ValidatorParams, 'signer' | 'settings' | 'refetch' | 'folder' | 'weightsWaitMs'>, AsyncDisposable {
  config: Pick<Config, 'miner' | 'posts' | 'validator'>
  http: Http
  dataDir: string
  validatorWallet(name: string): Promise<{ signer: Signer; coldkey: string }>
  /** As a hotkey of the wallet folder reaches it. */
  storeOf(wallet: string): ObjectStore
  /** On-demand jobs as it reaches them; undefined: nobody has any. */
  boardOf(wallet: string): OnDemandBoard | undefined
}

/** Adds `validator run` and `validator explain` to the program. @param open opens the backends by the settings and flags of the command that runs */
export function validatorCommand(program: Command, open: (command: Command, wish?: OpenWish) => Promise<ValidatorBackends>): void {
  const validator = program.command('validator').description('Check what miners claim, and set weights.')
  validator
    .command('explain')
    .description(
      'Say what this validator holds for and against a miner: failures, scores, and each page it looked at, with what the row says and what was found.',
    )
    .argument('<hotkey>', 'SS58 address of the miner')
    .option('--limit <n>', 'at most so many pages, the newest first', '20')
    .option('--json', 'all of it as JSON', false)
    .action(async (hotkey: string, { limit, json }: ExplainFlags, command: Command) => {
      const pages = pagesOf(limit)
      await using backends = await open(command, { isBegun: true, ownsOutput: true })
      process.stdout.write(`${await explained(hotkey, { pages, json }, backends)}\n`)
    })
  judgePostsCommand(validator, open)
  validator
    .command('run')
    .description('Run one validator, cycle after cycle, until it is interrupted.')
    .option('--once', 'stop after one cycle', false)
    .action(({ once }: { once: boolean }, command: Command) =>
      interruptible(async (signal) => {
        await using backends = await open(command)
        await using pages = openPagePool({ threads: backends.config.miner.document_threads })
        const refetch = refetchOf(backends, pages)
        await using validator = await validatorOf(backends, refetch)
        if (once) process.stdout.write(`${JSON.stringify(await validator.cycle(signal))}\n`)
        else await validateForever(validator, { ...backends, refetch }, signal)
      }),
    )
}

/** Data Universe: a miner is evaluated at most every 60 minutes, and weights are set after the tenth round. */
const [evaluateSeconds, cyclesBeforeWeights] = [3600, 10]

/** Opens the configured validator, registered on the chain. */
async function validatorOf(backends: ValidatorBackends, refetch: Refetch): Promise<Validator> {
  const { config, chain } = backends
  const { signer, coldkey } = await backends.validatorWallet(config.validator.name)
  await chain.register(signer, coldkey)
  const { evaluate_seconds = evaluateSeconds, cycles_before_weights = cyclesBeforeWeights } = config.validator
  const settings = { ...config.validator, evaluate_seconds, cycles_before_weights }
  return openValidator({ ...backends, store: backends.storeOf(config.validator.name), signer, settings, refetch, folder: validatorFolder(backends) })
}

const refetchOf = (backends: ValidatorBackends, pages: PagePool): Refetch =>
  webRefetch({ ...backends, pages, hostDelayMs: backends.config.miner.host_delay_ms, contact: backends.config.miner.contact })

/** Where the configured validator keeps what it found. */
export const validatorFolder = ({ dataDir, config }: { dataDir: string; config: Pick<Config, 'validator'> }): string =>
  join(dataDir, 'validators', config.validator.name)

/** Cycle after cycle, and beside them what was asked for there and then. */
async function validateForever(validator: Validator, backends: ValidatorBackends & { refetch: Refetch }, signal: AbortSignal): Promise<void> {
  const board = backends.boardOf(backends.config.validator.name)
  if (!board) return cycleForever(validator, backends, signal)
  await using judge = openOnDemandJudge({ ...backends, board, findPosts: await postFinder(backends), folder: validatorFolder(backends) })
  const ending = new AbortController()
  const both = AbortSignal.any([signal, ending.signal])
  const work = (stop: AbortSignal): Promise<unknown> =>
    judge.round(stop).catch((error: unknown) => {
      stop.throwIfAborted()
      // Who has no permit yet has one later.
      backends.telemetry.event('validator.on_demand_failed', { error: error instanceof OrreryError ? error.message : stackOf(error) })
    })
  const rounds = repeat({ work, restMs: () => onDemandRestMs, failed: 'validator.on_demand_failed', ...backends }, both)
  await cycleForever(validator, backends, signal).finally(() => ending.abort(new DOMException('The validator stops.', 'AbortError')))
  await rounds
}

/** Between two looks for on-demand jobs that expired. */
export const onDemandRestMs = 300_000

/** Cycles begin so long after each other, as far as they take no longer. */
const cycleForever = (validator: Validator, { config, pace, telemetry }: ValidatorBackends, signal: AbortSignal): Promise<void> => {
  let begun = pace.now()
  const work = async (within: AbortSignal): Promise<unknown> => {
    begun = pace.now()
    return validator.cycle(within)
  }
  const restMs = (): number => Math.max(0, begun + config.validator.every_seconds * 1000 - pace.now())
  return repeat({ work, restMs, failed: 'validator.cycle_failed', pace, telemetry }, signal)
}

interface ExplainFlags {
  limit: string
  json: boolean
}

const pagesMax = 400

function pagesOf(limit: string): number {
  const pages = /^\d{1,3}$/.test(limit) ? Number(limit) : 0
  if (pages >= 1 && pages <= pagesMax) return pages
  throw new OrreryError('invalid_argument', `--limit "${limit}" is no number of pages; write one from 1 to ${pagesMax}.`, { limit })
}

async function explained(hotkey: string, { pages, json }: { pages: number; json: boolean }, backends: ValidatorBackends): Promise<string> {
  const { signer } = await backends.validatorWallet(backends.config.validator.name)
  const { catalog, facts } = backends
  const found = await explain(hotkey, pages, { folder: validatorFolder(backends), validator: signer.address, catalog, now: facts.now() })
  return json ? JSON.stringify(found) : explanationText(found, process.stdout.isTTY ? sizeOf(process.stdout).columns : undefined)
}
