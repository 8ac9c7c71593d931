import type { Command } from 'commander'
import { interruptible } from '#infra/interrupt.ts'
import { listen, type Server } from '#infra/net/server.ts'
import { servicePorts, type OpenWish } from '#infra/preflight.ts'
import type { Config } from '#infra/config/schema.ts'
import type { Telemetry } from '#schemas/stage.ts'

/** The backends of a data folder, as far as the service needs them. */
export interface AccessBackends extends AsyncDisposable {
  config: Config
  telemetry: Pick<Telemetry, 'event'>
  accessService(): Promise<Server>
  serveObjectsAt(origin: string): void
}

/** Adds `access serve` to the program. @param open opens the backends by the settings and flags of the command that runs */
export function accessCommand(program: Command, open: (command: Command, wish?: OpenWish) => Promise<AccessBackends>): void {
  program
    .command('access')
    .description('Let miners and validators elsewhere at the store.')
    .command('serve')
    .description('Serve the store access service: uploads of miners, reads of validators, on-demand jobs; until it is interrupted.')
    .action((_flags: unknown, command: Command) =>
      interruptible(async (signal) => {
        await using backends = await open(command, { serves: ['access'] })
        await using app = await backends.accessService()
        const { origin } = await listen(app, servicePorts(backends.config).access)
        backends.serveObjectsAt(origin)
        backends.telemetry.event('access.listening', { origin })
        await new Promise<void>((done) => signal.addEventListener('abort', () => done(), { once: true }))
      }),
    )
}
