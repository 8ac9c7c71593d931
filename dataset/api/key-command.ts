import type { Command } from 'commander'
import { interruptible } from '#infra/interrupt.ts'
import type { OpenWish } from '#infra/preflight.ts'
import { apiScopes, type ApiKey, type ApiScope, type NewApiKey } from '#schemas/api-keys.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { DatasetBackends } from '#dataset/commands.ts'

interface CreateFlags {
  scope: string[]
  requestsPerMinute?: string
  bytesPerDay?: string
  days?: string
}

const dayMs = 86_400_000
const hourMs = 3_600_000

/** Adds `dataset key create|list|revoke|rotate`. */
export function keyCommand(dataset: Command, open: (command: Command, wish?: OpenWish) => Promise<DatasetBackends>): void {
  const key = dataset
    .command('key')
    .description('Keys of the query API: what is asked of whoever does not ask this machine from this machine (dataset.require_key).')
  const using = (command: Command, work: (backends: DatasetBackends) => Promise<void>, wish?: OpenWish): Promise<void> =>
    interruptible(async () => {
      await using backends = await open(command, wish)
      await work(backends)
    })
  const there = { isBegun: true }
  key
    .command('create <name>')
    .description('Make a key. It is shown this once: only its hash is kept.')
    .option('--scope <scope...>', `what it is good for: ${apiScopes.join(', ')}`, ['read'])
    .option('--requests-per-minute <count>', 'at most so many requests')
    .option('--bytes-per-day <count>', 'at most so many bytes of answers')
    .option('--days <count>', 'it ends after so many days')
    .action((name: string, flags: CreateFlags, command: Command) => {
      const days = optional('--days', flags.days)
      const wish = {
        name,
        scopes: scopesOf(flags.scope),
        requestsPerMinute: optional('--requests-per-minute', flags.requestsPerMinute),
        bytesPerDay: optional('--bytes-per-day', flags.bytesPerDay),
      }
      return using(command, async ({ access, pace }) => {
        show(await access.keys.create({ ...wish, expiresAt: days === null ? null : pace.now() + days * dayMs }))
      })
    })
  key
    .command('list')
    .description('Say which keys there are, one a line, oldest first.')
    .action((_flags: unknown, command: Command) =>
      using(
        command,
        async ({ access }) => {
          for (const each of await access.keys.list()) print(described(each))
        },
        there,
      ),
    )
  key
    .command('revoke <id>')
    .description('End a key for good, in every process at once.')
    .action((id: string, _flags: unknown, command: Command) => using(command, async ({ access }) => void print(described(await access.keys.revoke(id))), there))
  key
    .command('rotate <id>')
    .description('Give a key another secret, shown this once.')
    .option('--overlap-hours <count>', 'the secret before is taken for so many more hours', '0')
    .action((id: string, flags: { overlapHours: string }, command: Command) => {
      const overlapMs = wholeNumber('--overlap-hours', flags.overlapHours) * hourMs
      return using(command, async ({ access }) => void show(await access.keys.rotate(id, overlapMs)), there)
    })
}

const show = ({ key, secret }: NewApiKey): boolean => print({ ...described(key), key: secret })

const described = ({ id, name, scopes, requestsPerMinute, bytesPerDay, ...times }: ApiKey) => ({
  id,
  name,
  scopes,
  requests_per_minute: requestsPerMinute,
  bytes_per_day: bytesPerDay,
  created_at: timeOf(times.createdAt),
  expires_at: timeOf(times.expiresAt),
  revoked_at: timeOf(times.revokedAt),
  last_used_at: timeOf(times.lastUsedAt),
})

const timeOf = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())

/** Words of one flag, or several with commas between. */
function scopesOf(given: readonly string[]): ApiScope[] {
  return [...new Set(given.flatMap((text) => text.split(',')))].map((text) => {
    const scope = apiScopes.find((known) => known === text)
    if (scope) return scope
    throw new OrreryError('invalid_argument', `--scope "${text}" is none; there are ${apiScopes.join(', ')}.`, { text })
  })
}

/** At least 1, where it is given. */
const optional = (flag: string, text: string | undefined): number | null => (text === undefined ? null : wholeNumber(flag, text, 1))

function wholeNumber(flag: string, text: string, min = 0): number {
  if (/^\d{1,12}$/.test(text) && Number(text) >= min) return Number(text)
  throw new OrreryError('invalid_argument', `${flag} "${text}" is no whole number of at least ${min}; write it in digits.`, { text })
}

const print = (value: unknown): boolean => process.stdout.write(`${JSON.stringify(value)}\n`)
