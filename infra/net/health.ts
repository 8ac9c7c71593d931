import { z } from 'zod'
import type { Server } from './server.ts'

/** By name: resolves once that part answers. */
export type Readiness = ReadonlyMap<string, (signal: AbortSignal) => Promise<unknown>>

const answerMs = 2000

const Health = z.strictObject({ status: z.literal('ok') }).meta({ id: 'Health', examples: [{ status: 'ok' }] })
const Ready = z
  .strictObject({
    status: z.enum(['ready', 'unready']),
    checks: z.array(z.strictObject({ name: z.string(), ok: z.boolean() })),
  })
  .meta({ id: 'Ready', examples: [{ status: 'ready', checks: [{ name: 'catalog', ok: true }] }] })

/**
 * `/healthz`: the process answers. `/readyz`: what it stands on answers too, each part within two seconds; 503 otherwise, for a balancer to send others elsewhere.
 * Anybody may ask, so that whoever asks at the same time gets the same look.
 */
export function healthRoutes(app: Server, readiness: Readiness = new Map()): void {
  const config = { scope: 'open' as const }
  const health = { operationId: 'getHealth', summary: 'Whether the process answers', response: { 200: Health } }
  app.get('/healthz', { schema: health, config }, () => ({ status: 'ok' as const }))
  const ready = { operationId: 'getReadiness', summary: 'Whether all it stands on answers', response: { 200: Ready, 503: Ready } }
  const look = () => Promise.all([...readiness].map(async ([name, ask]) => ({ name, ok: await answers(ask) })))
  let looking: ReturnType<typeof look> | undefined
  app.get('/readyz', { schema: ready, config }, async (_request, reply) => {
    const checks = await (looking ??= look().finally(() => (looking = undefined)))
    const isReady = checks.every(({ ok }) => ok)
    if (!isReady) void reply.header('retry-after', 1)
    return reply.status(isReady ? 200 : 503).send({ status: isReady ? 'ready' : 'unready', checks })
  })
}

async function answers(ask: (signal: AbortSignal) => Promise<unknown>): Promise<boolean> {
  const timeout = AbortSignal.timeout(answerMs)
  const late = new Promise<boolean>((done) => timeout.addEventListener('abort', () => done(false), { once: true }))
  return Promise.race([late, ask(timeout).then(() => true)]).catch(() => false)
}
