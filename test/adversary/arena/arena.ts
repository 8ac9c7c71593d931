import { join } from 'node:path'
import type { Signer } from '#schemas/chain.ts'
import type { Clock } from '#schemas/clock.ts'
import { jobId, type DesirabilityJob } from '#schemas/desirability.ts'
import type { Document } from '#schemas/document.ts'
import type { OnDemandJob } from '#schemas/on-demand.ts'
import { lineage } from '#schemas/lineage.ts'
import { writerOf } from '#scraper/shard/snapshot.fixture.ts'
import type { ShardWriter } from '#scraper/shard/shard-writer.ts'
import { openValidator, type ValidationReport } from '#scraper/validator/validator.ts'
import { enqueue, openSubnet, type Subnet } from '../subnet.ts'
import { Hand } from './hand.ts'
import { openDemand, type Answer } from './on-demand.ts'
import { openService, type Service } from './service.ts'
import { article, openWeb, quality, type Web, type WebPage } from './web.ts'

const hourMs = 3_600_000
const blockMs = 12_000
/** Blocks after which what a miner said can be drawn from, with some to spare. */
const drawnBlocks = 20
/** Blocks from one look of the validator to the next: a little more than an hour. */
const hourlyBlocks = 310

const job = (name: string, weight: number, given: Partial<DesirabilityJob['params']> = {}): DesirabilityJob => {
  const params = { keyword: null, platform: 'web' as const, label: 'example', post_start_datetime: null, post_end_datetime: null, ...given }
  const web = { seeds: [], include: [`http://*.${name}.example/*`], quality }
  return { id: jobId(params, web), weight, params, web }
}

/** One of its own for each way of paying: by age, dearly, and by a range of dates. All of one label. */
export const jobs = {
  news: job('news', 1),
  dear: job('dear', 5, { keyword: 'article' }),
  past: job('past', 1, { post_start_datetime: '2024-01-01T00:00:00Z', post_end_datetime: '2024-12-31T00:00:00Z' }),
  /** That one may leave the list. */
  brief: job('brief', 1),
} as const
export type JobName = keyof typeof jobs
export const jobNames = Object.keys(jobs) as JobName[]

/** Somebody who mines, honestly or not. */
export interface Player {
  name: string
  /** Where it is known from. */
  of: string
  /** Whose reward its own is held against; absent: that of an honest miner. */
  than?: string
  /** How many hotkeys it has; 1 unless it says so. */
  hotkeys?: number
  /** The most it may be paid, as a share of an honest miner's reward; of what must be paid, the least. */
  bound?: number
  /** Cycles until the bound holds: what chance could explain takes some. Default 3. */
  byCycle?: number
  /** What it does when there is time until the validator looks. */
  play(cycle: number, seat: Seat): Promise<void>
  /** What in the block before. */
  lastMinute?(cycle: number, seat: Seat): Promise<void>
  /** What it answers to a job on demand; absent: there is no demand for it. */
  answer?(job: OnDemandJob, seat: Seat): Answer
  /** And what right after. */
  after?(cycle: number, seat: Seat): Promise<void>
}

/** Where a player sits: its hotkeys, its hosts, and what it keeps from one cycle to the next. */
export interface Seat {
  readonly arena: Arena
  readonly hands: readonly [Hand, ...Hand[]]
  readonly hand: Hand
  /** Rows that it mined so far. */
  readonly mined: Document[]
  /** Rows that it has and does not show yet. */
  readonly kept: Document[]
  /** Puts new pages on hosts of its own, and reads them as a miner does. */
  read(name: JobName, count: number, page?: (n: number, publishedAt: Date | null) => WebPage): Document[]
  /** The pages as rows of its first hotkey, as they are now. */
  rowsOf(urls: readonly string[]): Document[]
  /** Writes what is new by the real shard writer, and commits the index. */
  mine(documents: readonly Document[]): Promise<void>
  /** Writes what is new, without a word on chain. */
  write(documents: readonly Document[]): Promise<ShardWriter>
  host(name: JobName): string
}

/** Cycle by cycle: what the chain pays. */
export interface Reward {
  player: Player
  hotkeys: readonly string[]
  /** u16 incentive after each cycle, of all its hotkeys together. */
  incentives: number[]
}

export interface Arena extends AsyncDisposable {
  subnet: Subnet
  web: Web
  service: Service
  rewards: readonly Reward[]
  reports: readonly ValidationReport[]
  /** What ended a cycle of the validator. */
  troubles: readonly Error[]
  /** Of the seats, by the name of the player. */
  seat(name: string): Seat
  /** What everybody does until the next look of the validator. */
  cycle(): Promise<void>
  /** Puts another list of jobs in force. */
  list(jobs: readonly DesirabilityJob[]): Promise<void>
}

/**
 * A subnet with these players, over a web of its own. @param samplePages pages looked at per miner and cycle @param cycleBlocks from one look to the next
 * @param before cycles in which those who mean well were alone, before the others come and rewards are counted: they have proved themselves by then
 */
export async function openArena(players: readonly Player[], { samplePages = 30, cycleBlocks = hourlyBlocks, before = 0 } = {}): Promise<Arena> {
  await using stack = new AsyncDisposableStack()
  const base = stack.use(await openSubnet(undefined, Date.UTC(2026, 0, 21), { blockMs, tempoBlocks: 60, maxUids: 512 }))
  // Facts go on with the blocks.
  const subnet: Subnet = { ...base, facts: base.pace }
  const web = stack.use(await openWeb(subnet.pace, subnet.facts))
  const signer = await subnet.join('validator-1', 5000n)
  const list = async (listed: readonly DesirabilityJob[]): Promise<void> => {
    const parent = (await subnet.catalog.head(lineage.desirability))?.sha256
    await subnet.catalog.commit(lineage.desirability, parent, {
      kind: 'desirability',
      parent: parent ?? null,
      jobs: [...listed],
      evidence: [],
      caused_by: null,
    })
  }
  await list(Object.values(jobs))
  const folder = join(subnet.dir, 'validator')
  const service = stack.use(await openService(subnet))
  const demand = players.some(({ answer }) => answer) ? stack.use(await openDemand({ subnet, web, signer, folder }, service)) : undefined
  const validator = stack.use(openValidator({ ...subnet, signer, settings: { sample_pages: samplePages }, refetch: web.refetch, folder }))
  const seats = new Map<string, Seat>()
  const rewards: Reward[] = []
  const reports: ValidationReport[] = []
  const troubles: Error[] = []
  let cycles = 0
  const arena: Arena = {
    subnet,
    web,
    service,
    rewards,
    reports,
    troubles,
    list,
    seat: (name) => seats.get(name) as Seat,
    async cycle() {
      if (cycles === 0) for (let n = 0; n < before; n++) await round(players.filter(meansWell))
      await round(players)
      const { neurons } = await subnet.chain.metagraph()
      const paid = new Map(neurons.map(({ hotkey, incentive }) => [hotkey, incentive]))
      for (const { hotkeys, incentives } of rewards) incentives.push(hotkeys.reduce((sum, hotkey) => sum + (paid.get(hotkey) ?? 0), 0))
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
  const round = async (playing: readonly Player[]): Promise<void> => {
    const all = cycles++
    const cycleOf = (player: Player): number => (meansWell(player) ? all : all - before)
    for (const player of playing) await player.play(cycleOf(player), arena.seat(player.name))
    await demand?.round(playing.flatMap((player) => answersOf(player, arena.seat(player.name))))
    subnet.pace.advance(drawnBlocks * blockMs)
    for (const player of playing) await player.lastMinute?.(cycleOf(player), arena.seat(player.name))
    const ended = await validator.cycle(new AbortController().signal).catch((error: unknown) => error as Error)
    if (ended instanceof Error) troubles.push(ended)
    else reports.push(ended)
    for (const player of playing) await player.after?.(cycleOf(player), arena.seat(player.name))
    subnet.pace.advance((cycleBlocks - drawnBlocks) * blockMs)
  }
  for (const [place, player] of players.entries()) {
    const signers: Signer[] = []
    for (let n = 0; n < (player.hotkeys ?? 1); n++) signers.push(await subnet.join(`p${place}-${n}`))
    seats.set(player.name, seatOf(arena, place, signers))
    rewards.push({ player, hotkeys: signers.map(({ address }) => address), incentives: [] })
  }
  const open = stack.move()
  return arena
}

/** Honest, with luck or without. */
export const meansWell = ({ of }: Pick<Player, 'of'>): boolean => of === 'honest' || of === 'unlucky'

const answersOf = ({ answer }: Player, seat: Seat) => (answer ? [{ signer: seat.hand.signer, answer: (job: OnDemandJob) => answer(job, seat) }] : [])

function seatOf(arena: Arena, place: number, signers: readonly Signer[]): Seat {
  const { subnet, web } = arena
  const hands = signers.map((signer) => new Hand(subnet, signer))
  const [hand] = hands as [Hand]
  const host = (name: JobName): string => `h${place}.${name}.example`
  const { signal } = new AbortController()
  const queue = subnet.queue(`documents-${hand.signer.address}`)
  const writer = writerOf(subnet, hand.signer, { documents: queue })
  let pages = 0
  const seat: Seat = {
    arena,
    hands: hands as [Hand, ...Hand[]],
    hand,
    mined: [],
    kept: [],
    host,
    read(name, count, page = article) {
      const urls = Array.from({ length: count }, () => {
        const n = pages++
        const url = `http://${host(name)}/${n}`
        web.publish(url, page(place * 10_000 + n, publishedAt(name, n, subnet.facts)))
        return url
      })
      return seat.rowsOf(urls)
    },
    rowsOf: (urls) =>
      urls.map((url) => ({ ...web.read(url, subnet.facts.now()), label: 'example', job_id: jobAt(url), hotkey: hand.signer.address, version: 1 })),
    async mine(documents) {
      await (await seat.write(documents)).publish(signal)
    },
    async write(documents) {
      seat.mined.push(...documents)
      await enqueue(queue, documents)
      await writer.flush({ jobs: Object.values(jobs), rejects: ({ subject, reason }) => Promise.reject(new Error(`${subject} is refused: ${reason}`)), signal })
      return writer
    },
  }
  return seat
}

/** News of the last two days, and what belongs to the range of the past. */
const publishedAt = (name: JobName, n: number, { now }: Clock): Date =>
  name === 'past' ? new Date(Date.UTC(2024, 5, 1) + (n % 48) * hourMs) : new Date(Math.floor(now() / hourMs) * hourMs - (1 + (n % 48)) * hourMs)

function jobAt(url: string): string {
  const name = jobNames.find((each) => new URL(url).hostname.endsWith(`.${each}.example`))
  if (!name) throw new Error(`${url} is of no job`)
  return jobs[name].id
}
