import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import type { Config } from '#infra/config/schema.ts'
import { interruptible } from '#infra/interrupt.ts'
import { repeat } from '#infra/repeat.ts'
import type { Signer } from '#schemas/chain.ts'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { collectPosts } from './collect-posts.ts'
import { postSources } from './credentials.ts'
import { keptPosts, postsFile, postsFolder } from './kept-posts.ts'
import { readPostJobs } from './post-jobs.ts'

export interface PostBackends extends AsyncDisposable {
  config: Pick<Config, 'miner' | 'posts'>
  dataDir: string
  store: Pick<ObjectStore, 'put' | 'delete'>
  telemetry: Telemetry
  pace: Clock
  facts: Clock
  wallet(name: string): Promise<{ signer: Signer }>
}

/** Adds `posts` to `orrery miner`. @param open opens the backends by the settings and flags of the command that runs */
export function postsCommand(miner: Command, open: (command: Command) => Promise<PostBackends>): void {
  miner
    .command('posts')
    .description('Scrape posts of Reddit and X for the jobs of a list of Data Universe, and upload each job as one file; wants posts.credentials.')
    .requiredOption('--jobs <file>', "the list, as subnet 13's total.json has it")
    .option('--once', 'stop after one cycle', false)
    .action(async ({ jobs: path, once }: { jobs: string; once: boolean }, command: Command) => {
      await interruptible(async (signal) => {
        await using backends = await open(command)
        const { config, dataDir, pace, facts, telemetry } = backends
        const { miner: settings, posts } = config
        const sources = await postSources(posts.credentials, { fetch: globalThis.fetch, pace, now: () => facts.now() })
        const { signer } = await backends.wallet(settings.name)
        const folder = join(dataDir, postsFolder)
        await mkdir(folder, { recursive: true })
        using kept = keptPosts(postsFile(dataDir, settings.name))
        const parts = {
          ...backends,
          hotkey: signer.address,
          sources,
          kept,
          folder,
          rowsMax: posts.rows_max,
          postsPerJob: posts.posts_per_job,
          now: () => facts.now(),
        }
        const cycle = async (until: AbortSignal) => {
          const { jobs, skipped } = readPostJobs(await readList(path), path)
          if (skipped > 0) telemetry.event('posts.jobs_skipped', { path, skipped })
          return collectPosts(jobs, parts, until)
        }
        if (once) process.stdout.write(`${JSON.stringify(await cycle(signal))}\n`)
        else await repeat({ work: cycle, restMs: () => posts.every_seconds * 1000, failed: 'posts.cycle_failed', pace, telemetry }, signal)
      })
    })
}

async function readList(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new OrreryError('invalid_argument', `--jobs ${path} cannot be read; name the file of the list of jobs.`, { path }, cause)
  })
}
