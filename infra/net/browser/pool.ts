import type { Browser as Chromium, BrowserContext } from 'playwright-core'
import { launchChromium } from './launch.ts'
import { renderPage, RenderTrouble, type PageCaps } from './render-page.ts'
import type { PageWork, Rendered } from './rendering.ts'
import { openWall, type Wall } from './wall.ts'

export interface PoolOptions extends PageCaps {
  executablePath: string
  userAgent: string
  /** Pages open at the same time. */
  pagesMax: number
  /** An idle browser is closed after this. */
  idleMs: number
}

/** A place for one page at a time. */
interface Slot {
  context: BrowserContext | undefined
  pages: number
}

/** A context is thrown away after this many pages, with whatever they left in it. */
const pagesPerContext = 20
/** Longest wait for a page or context to close before the browser is ended. */
const closeMs = 5000
const launchesMax = 3

/** One Chromium, started when a page needs it and again when it died, and the places for pages in it. */
export class BrowserPool {
  readonly #options: PoolOptions
  readonly #free: Slot[] = []
  readonly #waiting = new Set<(slot: Slot) => void>()
  readonly #slots = new Set<Slot>()
  readonly #active = new Set<Promise<unknown>>()
  readonly #endings = new Set<(error: Error) => void>()
  #closed = false
  #wall: Promise<Wall> | undefined
  #chromium: Promise<Chromium> | undefined
  #failedLaunches = 0
  #idle: NodeJS.Timeout | undefined

  constructor(options: PoolOptions) {
    this.#options = options
  }

  /** @throws RenderTrouble; the signal's reason */
  async render(work: PageWork, signal: AbortSignal): Promise<Rendered> {
    clearTimeout(this.#idle)
    const rendering = this.#renderInTurn(work, signal)
    this.#active.add(rendering)
    return rendering.finally(() => {
      this.#active.delete(rendering)
      if (this.#active.size === 0) this.#idle = setTimeout(() => void this.#stop(), this.#options.idleMs).unref()
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const end of this.#endings) end(new RenderTrouble('browser_unavailable'))
    await Promise.allSettled(this.#active)
    clearTimeout(this.#idle)
    await this.#stop()
    await (await this.#wall)?.[Symbol.asyncDispose]()
  }

  /** Whatever ends the page early, from the moment it waits for its turn: the caller, the end of the browser, `close`. */
  async #renderInTurn(work: PageWork, signal: AbortSignal): Promise<Rendered> {
    const { promise: ended, reject: end } = Promise.withResolvers<never>()
    ended.catch(() => undefined)
    const abort = (): void => end(signal.reason)
    signal.addEventListener('abort', abort)
    if (signal.aborted) abort()
    this.#endings.add(end)
    try {
      if (this.#closed) throw new RenderTrouble('browser_unavailable')
      const slot = await this.#take(ended)
      try {
        return await this.#renderIn(slot, work, ended, end)
      } finally {
        this.#give(slot)
      }
    } finally {
      this.#endings.delete(end)
      signal.removeEventListener('abort', abort)
    }
  }

  async #renderIn(slot: Slot, work: PageWork, ended: Promise<never>, end: (error: Error) => void): Promise<Rendered> {
    const died = (): void => end(new RenderTrouble('browser_crashed'))
    let chromium: Chromium | undefined
    try {
      chromium = await Promise.race([ended, this.#start()])
      chromium.once('disconnected', died)
      const context = (slot.context ??= await this.#openContext(chromium, slot))
      slot.pages++
      return await renderPage(context, work, this.#options, ended)
    } catch (error) {
      slot.pages = pagesPerContext
      throw chromium?.isConnected() === false ? new RenderTrouble('browser_crashed', error) : error
    } finally {
      chromium?.off('disconnected', died)
      await this.#clean(slot, chromium)
    }
  }

  #start(): Promise<Chromium> {
    if (this.#closed || this.#failedLaunches >= launchesMax) throw new RenderTrouble('browser_unavailable')
    const starting = (this.#chromium ??= this.#launch().then(
      (chromium) => {
        this.#failedLaunches = 0
        chromium.once('disconnected', () => {
          if (this.#chromium === starting) this.#chromium = undefined
        })
        return chromium
      },
      (error: unknown) => {
        this.#failedLaunches++
        this.#chromium = undefined
        throw new RenderTrouble('browser_unavailable', error)
      },
    ))
    return starting
  }

  async #launch(): Promise<Chromium> {
    const { origin } = await (this.#wall ??= openWall())
    return launchChromium(this.#options.executablePath, origin)
  }

  async #openContext(chromium: Chromium, slot: Slot): Promise<BrowserContext> {
    slot.pages = 0
    const context = await chromium.newContext({
      userAgent: this.#options.userAgent,
      serviceWorkers: 'block',
      acceptDownloads: false,
      permissions: [],
      locale: 'en-US',
      timezoneId: 'UTC',
    })
    await context.routeWebSocket(/.*/, (socket) => void socket.close().catch(() => undefined))
    return context
  }

  /** Leaves no cookie of a page to the next; what cannot be cleaned is thrown away, if need be with the browser. */
  async #clean(slot: Slot, chromium: Chromium | undefined): Promise<void> {
    const { context } = slot
    if (!context) return
    const keep = slot.pages < pagesPerContext && chromium?.isConnected() === true
    if (!keep) slot.context = undefined
    const cleaning = (keep ? context.clearCookies() : context.close()).then(
      () => true,
      () => !keep,
    )
    if (await within(closeMs, cleaning)) return
    slot.context = undefined
    await this.#stop()
  }

  /** Ends the browser; the next page starts another. */
  async #stop(): Promise<void> {
    const running = this.#chromium
    this.#chromium = undefined
    for (const slot of this.#slots) slot.context = undefined
    const chromium = await running?.catch(() => undefined)
    await chromium?.close()
  }

  /** A slot of one's own, once there is one. @param ended rejects when it is no longer wanted */
  async #take(ended: Promise<never>): Promise<Slot> {
    const free = this.#free.pop()
    if (free) return free
    if (this.#slots.size < this.#options.pagesMax) {
      const slot: Slot = { context: undefined, pages: 0 }
      this.#slots.add(slot)
      return slot
    }
    const { promise, resolve } = Promise.withResolvers<Slot>()
    const { promise: late, reject } = Promise.withResolvers<never>()
    const timer = setTimeout(() => reject(new RenderTrouble('browser_busy')), this.#options.timeoutMs)
    this.#waiting.add(resolve)
    try {
      return await Promise.race([promise, ended, late])
    } catch (error) {
      // Given to one who had just left, it goes to the next.
      if (!this.#waiting.delete(resolve)) void promise.then((slot) => this.#give(slot))
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  #give(slot: Slot): void {
    const [next] = this.#waiting
    if (!next) return void this.#free.push(slot)
    this.#waiting.delete(next)
    next(slot)
  }
}

/** What comes of the work, or false when it takes too long. */
async function within(ms: number, work: Promise<boolean>): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const timer = setTimeout(() => resolve(false), ms)
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}
