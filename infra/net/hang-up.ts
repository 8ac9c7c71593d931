import { AsyncLocalStorage } from 'node:async_hooks'
import type { FastifyReply } from 'fastify'
import { OrreryError } from '#schemas/errors.ts'

const askers = new AsyncLocalStorage<AbortSignal>()

/** Asks this service without a connection, which could tell when the asker goes away: the signal does. */
export const askedUntil = <T>(signal: AbortSignal | null | undefined, ask: () => T): T => (signal ? askers.run(signal, ask) : ask())

/**
 * Aborted when the client goes away before it was answered, and when it sends no more, as who closes a connection does: then it may read an answer that is there,
 * and nobody works on for one.
 */
export function hangUp({ raw }: Pick<FastifyReply, 'raw'>): AbortSignal {
  const controller = new AbortController()
  const asker = askers.getStore()
  const { socket } = raw.req
  const hungUp = (): void => {
    // Every answer closes.
    if (raw.writableFinished && !asker?.aborted) return
    controller.abort(new OrreryError('upstream_failed', 'The client hung up before it was answered.'))
  }
  // Before somebody listens as well.
  if (isGone({ raw }) || socket.readableEnded) hungUp()
  socket.once('end', hungUp)
  raw.once('close', () => {
    socket.off('end', hungUp)
    hungUp()
  })
  asker?.addEventListener('abort', hungUp, { once: true })
  return controller.signal
}

/** Whether nobody is there any more to read an answer, as far as can be told. */
export const isGone = ({ raw }: Pick<FastifyReply, 'raw'>): boolean => raw.destroyed || askers.getStore()?.aborted === true
