import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Server } from './server.ts'

/** Upper bounds of the histogram of durations, seconds. */
const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

interface Series {
  labels: string
  /** Of each bucket, by itself; the last: above all. */
  counts: number[]
  seconds: number
}

/**
 * `GET /metrics` in the Prometheus text format 0.0.4: durations of requests by route, method and status, what the program counts, and how the process is.
 * Series of requests are as many as there are routes and statuses, whatever is asked for.
 * @param counts what the program counts, by name and labels (telemetry.ts, `snapshot`)
 */
export function httpMetrics(app: Server, counts: () => Record<string, number>): void {
  const requests = new Map<string, Series>()
  const delay = monitorEventLoopDelay({ resolution: 20 })
  delay.enable()
  app.addHook('onClose', () => void delay.disable())
  app.addHook('onResponse', (request, reply, done) => {
    observe(requests, request.method, request.routeOptions.url ?? 'none', reply.statusCode, reply.elapsedTime / 1000)
    done()
  })
  const schema = { summary: 'Counts and durations for Prometheus', hide: true }
  app.get('/metrics', { schema }, (_request, reply) => {
    const lines = [...durations(requests), ...counters(counts()), ...ofProcess(delay.percentile(99) / 1e9)]
    return reply.type('text/plain; version=0.0.4; charset=utf-8').send(`${lines.join('\n')}\n`)
  })
}

function observe(requests: Map<string, Series>, method: string, route: string, status: number, seconds: number): void {
  const labels = `method="${method}",route="${escaped(route)}",status="${status}"`
  const series = requests.get(labels) ?? { labels, counts: Array<number>(buckets.length + 1).fill(0), seconds: 0 }
  requests.set(labels, series)
  const at = buckets.findIndex((bound) => seconds <= bound)
  const index = at < 0 ? buckets.length : at
  series.counts[index] = (series.counts[index] ?? 0) + 1
  series.seconds += seconds
}

function* durations(requests: ReadonlyMap<string, Series>): Generator<string> {
  const name = 'orrery_http_request_duration_seconds'
  yield `# HELP ${name} Time until the answer was sent.`
  yield `# TYPE ${name} histogram`
  for (const { labels, counts, seconds } of requests.values()) {
    let sum = 0
    for (const [at, count] of counts.entries()) {
      sum += count
      yield `${name}_bucket{${labels},le="${buckets[at] ?? '+Inf'}"} ${sum}`
    }
    yield `${name}_sum{${labels}} ${seconds}`
    yield `${name}_count{${labels}} ${sum}`
  }
}

/** `crawl.rejects{reason=too_short}` becomes `orrery_crawl_rejects_total{reason="too_short"}`. */
function* counters(counts: Record<string, number>): Generator<string> {
  let last = ''
  for (const [key, value] of Object.entries(counts)) {
    const [, name = key, labels = ''] = /^([^{]*)(?:\{(.*)\})?$/s.exec(key) ?? []
    const metric = `orrery_${name.replaceAll(/[^a-zA-Z0-9_]/g, '_')}_total`
    if (metric !== last) yield `# TYPE ${metric} counter`
    last = metric
    const pairs = labels === '' ? [] : labels.split(/,(?=[a-z_]+=)/)
    const spelled = pairs.map((pair) => {
      const at = pair.indexOf('=')
      return `${pair.slice(0, at).replaceAll(/[^a-zA-Z0-9_]/g, '_')}="${escaped(pair.slice(at + 1))}"`
    })
    yield `${metric}${spelled.length > 0 ? `{${spelled.join(',')}}` : ''} ${value}`
  }
}

function* ofProcess(delaySeconds: number): Generator<string> {
  yield '# TYPE process_resident_memory_bytes gauge'
  yield `process_resident_memory_bytes ${process.memoryUsage.rss()}`
  yield '# TYPE process_cpu_seconds_total counter'
  const { user, system } = process.cpuUsage()
  yield `process_cpu_seconds_total ${(user + system) / 1e6}`
  yield '# TYPE nodejs_eventloop_lag_p99_seconds gauge'
  yield `nodejs_eventloop_lag_p99_seconds ${delaySeconds}`
}

const escaped = (value: string): string => value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
