import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { OrreryError } from '#schemas/errors.ts'
import { textTable } from '../telemetry/table.ts'
import type { LocalChain } from './local.ts'
import { chainStatus, type ChainStatus } from './status.ts'

/** Where the chain is kept, and what opens it there. */
export interface ChainPlace {
  path: string
  open(): LocalChain
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
      if (!existsSync(path))
        throw new OrreryError('not_found', `There is no chain at ${path} yet; \`orrery up\` starts one, --data names another folder.`, { path })
      await using chain = open()
      process.stdout.write(`${statusTable(await chainStatus(chain))}\n`)
    })
}

function statusTable({ netuid, block, lastEpochBlock, neurons }: ChainStatus): string {
  const header = ['uid', 'hotkey', 'stake TAO', 'permit', 'weights set', 'weights', 'incentive', 'dividends', 'emission TAO', 'axon', 'commitment']
  const rows = neurons.map((n) => [
    n.uid,
    n.hotkey,
    n.stakeTao,
    n.validatorPermit ? 'yes' : '',
    n.weightsSetAt ?? '',
    Object.entries(n.weights)
      .map(([uid, value]) => `${uid}:${value}`)
      .join(' '),
    n.incentive,
    n.dividends,
    n.emissionTao.toFixed(3),
    n.axon ?? '',
    n.commitment?.slice(0, 18) ?? '',
  ])
  return `subnet ${netuid}, block ${block}, last epoch at ${lastEpochBlock ?? '–'}\n\n${textTable(header, rows)}`
}
