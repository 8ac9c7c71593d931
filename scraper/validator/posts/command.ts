import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import type { Config } from '#infra/config/schema.ts'
import { interruptible } from '#infra/interrupt.ts'
import type { Chain } from '#schemas/chain.ts'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { postFinder } from '../../posts/find-posts.ts'
import { readPostJobs } from '../../posts/post-jobs.ts'
import { judgePosts } from './judge-posts.ts'

export interface JudgingBackends extends AsyncDisposable {
  config: Pick<Config, 'posts' | 'validator'>
  chain: Pick<Chain, 'block'>
  storeOf(wallet: string): ObjectStore
  pace: Clock
  facts: Clock
  telemetry: Telemetry
}

/** Data Universe draws by the block ten before. */
const blocksBack = 10

/** Adds `posts` to `orrery validator`. */
export function judgePostsCommand(validator: Command, open: (command: Command) => Promise<JudgingBackends>): void {
  validator
    .command('posts')
    .description("Judge the posts that a miner has in the store by a list of Data Universe's jobs; wants posts.credentials to look them up.")
    .argument('<hotkey>', 'SS58 address of the miner')
    .requiredOption('--jobs <file>', "the list, as subnet 13's total.json has it")
    .action((hotkey: string, { jobs: path }: { jobs: string }, command: Command) =>
      interruptible(async (signal) => {
        if (!/^[1-9A-HJ-NP-Za-km-z]{40,60}$/.test(hotkey))
          throw new OrreryError('invalid_argument', `"${hotkey.slice(0, 100)}" is no SS58 address; give a miner's hotkey.`)
        const text = await readFile(path, 'utf8').catch((cause: unknown) => {
          throw new OrreryError('invalid_argument', `--jobs ${path} cannot be read; name the file of the list of jobs.`, { path }, cause)
        })
        const { jobs } = readPostJobs(text, path)
        await using backends = await open(command)
        const { chain, facts } = backends
        const now = await chain.block()
        const { hash: blockHash, number } = now.number > blocksBack ? await chain.block(now.number - blocksBack) : now
        const parts = { store: backends.storeOf(backends.config.validator.name), findPosts: await postFinder(backends), now: () => facts.now(), blockHash }
        const verdict = await judgePosts(hotkey, jobs, parts, signal)
        process.stdout.write(`${JSON.stringify({ ...verdict, block: number })}\n`)
      }),
    )
}
