import {
  BasicCrawler,
  Configuration,
  EventManager,
  Log,
  LogLevel,
  Request,
  type BasicCrawlerOptions,
  type IRequestManager,
  type StorageClient,
} from '@crawlee/basic'
import type { Claim } from '#schemas/frontier.ts'

/** Where the executor gets its claims. */
export interface Work {
  /**
   * Claims to begin now. Asked for again whenever these are handed out and when a visit ends. Empty = nothing at this moment; after that `isOver` says
   * whether to stop. May wait as long as nothing is in progress.
   * @param inProgress visits that are going on
   */
  refill(inProgress: number): Promise<Claim[]>
  isOver(): boolean
  /** A visit of this claim has ended, one way or another. */
  ended(claim: Claim): void
  /** Claims that were refilled and will not be visited, at the end. */
  release(claims: readonly Claim[]): Promise<void>
}

export interface ExecutorOptions {
  work: Work
  /** Ends a claim one way or another, within its own deadlines. What it throws stops the crawl and is thrown by `executeCrawl`. */
  visit(claim: Claim): Promise<void>
  concurrency: number
}

/** A slot gives its place back after so many visits, so that crawlee's pool sees what goes on. */
const visitsPerSlot = 256
/** How often a slot without work looks for some, ms. */
const pauseMs = 20
/** Longer than any slot runs: a visit has its own deadlines, and crawlee's would leave it running. */
const slotSeconds = 86_400 * 14

/**
 * Runs visits on crawlee's BasicCrawler, with our frontier in the place of its request queue. Of crawlee only the pool of tasks is at work: no sessions,
 * no storage (its client is empty, so it neither reads nor writes a file), no retries, no system probes, no log. What it calls a request is a slot that works
 * off claims one after the other until there is none: its bookkeeping of a request costs as much as a quarter of a page. Resolves when the work is over and
 * every visit has ended; then no timer or listener of it is left.
 */
export async function executeCrawl({ work, visit, concurrency }: ExecutorOptions): Promise<void> {
  const manager = new ClaimManager(work)
  const config = quietConfiguration()
  const slots = new Set<Promise<void>>()
  const crawler = new FrontierCrawler(
    {
      requestHandler: async ({ request }) => {
        const slot = manager.workOff(request.uniqueKey, visit)
        slots.add(slot)
        await slot.finally(() => slots.delete(slot))
      },
      minConcurrency: concurrency,
      maxConcurrency: concurrency,
      maxRequestRetries: 0,
      useSessionPool: false,
      requestHandlerTimeoutSecs: slotSeconds,
      statusMessageLoggingInterval: 86_400,
      autoscaledPoolOptions: { loggingIntervalSecs: null, maybeRunIntervalSecs: 0.02 },
      statisticsOptions: { persistenceOptions: { enable: false }, keyValueStore: {} as never, logIntervalSecs: 86_400 },
      httpClient: {} as never,
      log: silentLog,
    },
    config,
    manager,
  )
  await crawler.run()
  await Promise.all(slots)
  await manager.finish()
}

class FrontierCrawler extends BasicCrawler {
  constructor(options: BasicCrawlerOptions, config: Configuration, manager: IRequestManager) {
    super(options, config)
    // The option of the same name is refused by the validator of 3.18.1; the property is what the crawler reads.
    this.requestManager = manager
  }
}

const silentLog = new Log({ level: LogLevel.OFF })

class QuietEvents extends EventManager {}

function quietConfiguration(): Configuration {
  const config = new Configuration({ persistStorage: false, purgeOnStart: false, memoryMbytes: 65_536 })
  // A LocalEventManager starts `ps` once a second, and a MemoryStorage leaves a timer behind; nothing here needs either.
  config.useEventManager(new QuietEvents(config))
  config.useStorageClient({} as StorageClient)
  return config
}

/** Our claims as crawlee's requests: each request is the first claim of a slot. */
class ClaimManager implements IRequestManager {
  readonly #work: Work
  readonly #ready: Claim[] = []
  readonly #claims = new Map<string, Claim>()
  #handled = 0
  #refilling: Promise<void> | undefined
  #pausing: { promise: Promise<void>; end: () => void } | undefined
  #failure: { error: unknown } | undefined

  constructor(work: Work) {
    this.#work = work
  }

  /** Visits the claim of that token, and whatever is ready after it, as long as others are at work: what they end may free a host. */
  async workOff(token: string, visit: (claim: Claim) => Promise<void>): Promise<void> {
    let claim = this.#claims.get(token)
    for (let visits = 0; ;) {
      if (claim) {
        await this.#run(claim, visit)
        visits++
      } else if (this.#claims.size === 0) return
      else await this.#pause()
      await this.#refillEmpty()
      // A claim that is taken must be visited: none is when the slot ends.
      if (this.#isAtEnd || visits === visitsPerSlot) return
      claim = this.#next()
    }
  }

  /** @throws what the first visit threw that could not go on */
  async finish(): Promise<void> {
    await this.#work.release(this.#ready.splice(0))
    if (this.#failure) throw this.#failure.error
  }

  async isEmpty(): Promise<boolean> {
    await this.#refillEmpty()
    return this.#failure !== undefined || this.#ready.length === 0
  }

  async isFinished(): Promise<boolean> {
    return this.#claims.size === 0 && this.#isAtEnd
  }

  async fetchNextRequest<T extends Record<string, unknown>>(): Promise<Request<T> | null> {
    const claim = this.#next()
    return claim ? new Request<T>({ url: claim.url, uniqueKey: claim.token, noRetry: true }) : null
  }

  async #run(claim: Claim, visit: (claim: Claim) => Promise<void>): Promise<void> {
    try {
      await visit(claim)
    } catch (error) {
      this.#failure ??= { error }
    } finally {
      this.#claims.delete(claim.token)
      this.#work.ended(claim)
      this.#handled++
      this.#pausing?.end()
    }
  }

  #next(): Claim | undefined {
    const claim = this.#failure ? undefined : this.#ready.shift()
    if (claim) this.#claims.set(claim.token, claim)
    return claim
  }

  /** Nothing more will be begun. */
  get #isAtEnd(): boolean {
    return this.#failure !== undefined || (this.#ready.length === 0 && this.#work.isOver())
  }

  /** Until a visit ends; not for long, since a host may end its rest. Shared by all slots that wait. */
  #pause(): Promise<void> {
    if (!this.#pausing) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const end = () => {
        clearTimeout(timer)
        this.#pausing = undefined
        resolve()
      }
      const timer = setTimeout(end, pauseMs)
      this.#pausing = { promise, end }
    }
    return this.#pausing.promise
  }

  async #refillEmpty(): Promise<void> {
    if (this.#failure || this.#ready.length > 0 || this.#work.isOver()) return
    this.#refilling ??= this.#refill().finally(() => (this.#refilling = undefined))
    await this.#refilling
  }

  async #refill(): Promise<void> {
    try {
      this.#ready.push(...(await this.#work.refill(this.#claims.size)))
    } catch (error) {
      this.#failure ??= { error }
    }
  }

  async markRequestHandled(): Promise<void> {}
  async reclaimRequest(): Promise<null> {
    return null
  }
  async handledCount(): Promise<number> {
    return this.#handled
  }
  getTotalCount(): number {
    return this.#handled + this.getPendingCount()
  }
  getPendingCount(): number {
    return this.#ready.length + this.#claims.size
  }
  async *[Symbol.asyncIterator](): AsyncGenerator<Request> {
    for (let next = await this.fetchNextRequest(); next; next = await this.fetchNextRequest()) yield next
  }
  addRequest(): Promise<never> {
    return refuseRequests()
  }
  addRequestsBatched(): Promise<never> {
    return refuseRequests()
  }
}

const refuseRequests = (): Promise<never> => Promise.reject(new TypeError('Targets are added to the frontier, not to the crawler.'))
