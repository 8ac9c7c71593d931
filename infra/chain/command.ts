import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import type { Chain } from '#schemas/chain.ts'
import { OrreryError } from '#schemas/errors.ts'
import { sizeOf } from '../telemetry/console.ts'
import { textTable } from '../telemetry/table.ts'
import type { LocalChain } from './local.ts'
import { chainStatus, type ChainStatus } from './status.ts'

/** Where the chain is kept, and what opens it there. */
export interface ChainPlace {
  /** undefined: not on this machine. */
  path: string | undefined
  open(): Promise<LocalChain | (Chain & AsyncDisposable)>
}

/** Adds `chain status` to the program. It starts no chain. @param place by the settings of the command that runs */
export function chainCommand(program: Command, place: (command: Command) => Promise<ChainPlace>): void {
  program
    .command('chain')
    .description('The chain of the subnet.')
    .command('status')
    .description('Its block, neurons, weights and commitments.')
    .action(async (_flags: unknown, command: Command) => {
      const { path, open } = await place(command)
      if (path !== undefined && !existsSync(path))
        throw new OrreryError('not_found', `There is no chain at ${path} yet; \`orrery up\` starts one, --data names another folder.`, { path })
      await using chain = await open()
      process.stdout.write(`${statusTable(await chainStatus(chain), process.stdout.isTTY ? sizeOf(process.stdout).columns : undefined)}\n`)
    })
}

function statusTable({ netuid, genesis, hyperparameters, block, lastEpochBlock, neurons }: ChainStatus, width: number | undefined): string {
  const header = [
    'uid',
    'hotkey',
    'stake TAO',
    'permit',
    'weights set',
    'weights',
    'reveal due',
    'incentive',
    'dividends',
    'emission TAO',
    'axon',
    'commitment',
  ]
  const rows = neurons.map((n) => [
    n.uid,
    n.hotkey,
    n.stakeTao,
    n.validatorPermit ? 'yes' : '',
    n.weightsSetAt ?? '',
    Object.entries(n.weights)
      .map(([uid, value]) => `${uid}:${value}`)
      .join(' '),
    n.revealDue ?? '',
    n.incentive,
    n.dividends,
    n.emissionTao.toFixed(3),
    n.axon ?? '',
    n.commitment?.slice(0, 18) ?? '',
  ])
  const { weightsRateLimitBlocks, commitReveal, tempoBlocks } = hyperparameters
  const way = commitReveal ? `committed, and revealed ${commitReveal.periodEpochs} epochs later` : 'in plain'
  const head = `subnet ${netuid} of ${genesis.slice(0, 10)}…, block ${block}, last epoch at ${lastEpochBlock ?? '–'} (every ${tempoBlocks} blocks)`
  return `${head}\nweights ${way}, every ${weightsRateLimitBlocks} blocks\n\n${textTable(header, rows, width)}`
}
