import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Server } from '#infra/net/server.ts'

interface Reference {
  page: string
  script: Uint8Array
  /** Content-Security-Policy of the page. */
  policy: string
}

/** A page in a browser for who would rather read, `/docs`: with its script from here, and nothing from elsewhere. It is made once somebody looks at it. */
export async function referenceRoutes(app: Server): Promise<void> {
  let made: Promise<Reference> | undefined
  const reference = () => (made ??= makeReference().catch((cause: unknown) => ((made = undefined), Promise.reject(cause))))
  const route = { schema: { hide: true }, config: { scope: 'open' as const } }
  app.get('/docs', route, (_request, reply) => reply.redirect('/docs/', 301))
  app.get('/docs/', route, async (_request, reply) => {
    const { page, policy } = await reference()
    return reply.type('text/html; charset=utf-8').header('content-security-policy', policy).send(page)
  })
  // Who opens the service in a browser finds what it is.
  app.get('/', route, (_request, reply) => reply.redirect('/docs/'))
  app.get('/docs/js/scalar.js', route, async (_request, reply) => {
    const { script } = await reference()
    return reply.type('text/javascript; charset=utf-8').header('cache-control', 'private, max-age=3600').send(script)
  })
}

async function makeReference(): Promise<Reference> {
  const worker = new Worker(new URL('./reference-worker.ts', import.meta.url))
  try {
    const [{ page, script }] = (await once(worker, 'message')) as [Pick<Reference, 'page' | 'script'>]
    return { page, script, policy: policyFor(page) }
  } finally {
    await worker.terminate()
  }
}

/** The script that stands in the page runs because it is that one, another because it comes from here. */
function policyFor(page: string): string {
  const inline = [...page.matchAll(/<script(?:\s[^>]*)?>([^<][\s\S]*?)<\/script>/g)].map(
    ([, script = '']) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`,
  )
  return [
    "default-src 'none'",
    `script-src 'self' ${inline.join(' ')}`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}
