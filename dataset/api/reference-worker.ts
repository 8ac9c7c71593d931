import { parentPort } from 'node:worker_threads'
import scalar from '@scalar/fastify-api-reference'
import fastify from 'fastify'

/** Runs in a thread of its own (reference.ts): loading the script of the page, 5 MB, takes as long as many an answer. */
const app = fastify()
await app.register(scalar, {
  routePrefix: '/docs',
  configuration: {
    url: '/openapi.json',
    pageTitle: 'Orrery datasets',
    // Nothing that leads elsewhere.
    withDefaultFonts: false,
    telemetry: false,
    showDeveloperTools: 'never',
    hideClientButton: true,
    agent: { disabled: true },
    mcp: { disabled: true },
  },
})
const [page, script] = await Promise.all([app.inject('/docs/'), app.inject('/docs/js/scalar.js')])
const bytes = Uint8Array.from(script.rawPayload)
parentPort?.postMessage({ page: page.body, script: bytes }, [bytes.buffer])
