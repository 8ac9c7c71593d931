import { hostOf } from '#schemas/identity/url-parts.ts'
import { inNextTurn, whenever } from '../limits/in-turn.ts'
import { fileAsker, type FileServices } from '../robots/file-asker.ts'
import { crawlDelayOf } from '../robots/robots.ts'

export interface PageTurn {
  /** Canonical: turns are taken by the page, whatever its spelling. */
  page: string
  /** What is asked for. */
  url: string
  signal: AbortSignal
}

/**
 * For who looks at single pages: `look` in the turn of the page's host, once its robots.txt is known, each with the host's rest behind it.
 * @throws what `look` throws; the signal's reason when aborted
 */
export async function inPageTurn<T>(manners: FileServices, { page, url, signal }: PageTurn, look: () => Promise<T>): Promise<T> {
  const { robots, restMs, pace } = manners
  const wish = { url: page, page, signal }
  const lookInTurn = async (end: { hostDelayMs: number }): Promise<T> => {
    try {
      return await look()
    } finally {
      // Known by now; where asking threw, nothing is known of a delay, and the host must be let go all the same.
      end.hostDelayMs = await restMs(hostOf(page), crawlDelayOf(robots.known(url)))
    }
  }
  return inNextTurn(manners, wish, async (end) => {
    const turn = { url: page, page, startsAt: pace.now(), isWithin: true }
    const asker = fileAsker(manners, { page, latest: () => whenever, signal, turn })
    await robots.of(url, signal, asker.robots)
    return asker.againAt === undefined ? lookInTurn(end) : inNextTurn(manners, wish, lookInTurn)
  })
}
