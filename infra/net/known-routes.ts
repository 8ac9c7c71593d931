import type { FastifyReply, FastifyRequest } from 'fastify'
import { OrreryError } from '#schemas/errors.ts'
import { whereOf } from './failure-answer.ts'
import type { Server } from './server.ts'

/**
 * Answers what no route takes: 405 with `Allow` where the path has others, to OPTIONS with `Allow` alone (RFC 9110 §9.3.7), 307 where only a slash at the end is
 * too much, else 404. To be called before the first route.
 */
export function answerUnknown(app: Server): void {
  const known = new Map<string, { matches: RegExp; methods: Set<string> }>()
  app.addHook('onRoute', ({ url, method }) => {
    const route = known.get(url) ?? { matches: patternOf(url), methods: new Set(['OPTIONS']) }
    known.set(url, route)
    for (const each of [method].flat()) route.methods.add(each)
  })
  const allowed = (path: string): string[] => {
    const found = [...known.values()].filter(({ matches }) => matches.test(path)).flatMap(({ methods }) => [...methods])
    return [...new Set(found)].toSorted()
  }
  // A parameter at the end would be taken for empty.
  app.addHook('onRequest', (request, reply, done) => {
    const { url } = request
    const path = url.split('?', 1)[0] ?? url
    const { url: route = '' } = request.routeOptions
    const bare = path.slice(0, -1)
    if (!path.endsWith('/') || bare === '' || /[/*]$/.test(route) || allowed(bare).length === 0) return done()
    reply.redirect(`${bare}${url.slice(path.length)}`, 307)
  })
  app.setNotFoundHandler((request: FastifyRequest, reply: FastifyReply) => {
    // `OPTIONS *` asks of no path.
    const path = request.url.split('?', 1)[0] ?? request.url
    const methods = path === '*' ? [...new Set([...known.values()].flatMap(({ methods }) => [...methods]))].toSorted() : allowed(path)
    if (methods.length === 0) throw new OrreryError('not_found', `There is no ${whereOf(request)}; /openapi.json lists what there is.`)
    void reply.header('allow', methods.join(', '))
    if (request.method === 'OPTIONS') return reply.status(204).send()
    throw new OrreryError('method_not_allowed', `${whereOf(request)}: it takes ${methods.join(', ')}.`, { allow: methods })
  })
}

/** Of a route as Fastify spells it: `:name` is one segment, `*` all that is left. */
const patternOf = (url: string): RegExp =>
  new RegExp(
    `^${url
      .split('/')
      .map((segment) => (segment.startsWith(':') ? '[^/]+' : segment.split('*').map(RegExp.escape).join('.*')))
      .join('/')}$`,
  )
