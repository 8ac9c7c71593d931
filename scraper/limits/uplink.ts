import { isTransient } from '#infra/net/http-failure.ts'
import type { Http } from '#infra/net/http.ts'
import { recentValues } from '#infra/recent-values.ts'
import type { Clock } from '#schemas/clock.ts'
import { hostnameOf, hostOf } from '#schemas/identity/url-parts.ts'

/**
 * Tells our own trouble from that of hosts. When so many hosts in a row that had answered do not any more, and none in between does, it is our way to
 * the network that is gone: then no host is held to account, and one request at growing pauses finds out when it is back. A host that never answered says
 * nothing, unless none has. Hosts that this process serves say nothing either.
 */
export interface Uplink {
  /** The same client, watched. While the uplink is down, what did not get through has the reason `offline`. */
  watch(http: Http): Http
  isDown(): boolean
  /** How long (ms) until a probe may begin; 0 = now; undefined = the uplink is not down. */
  untilProbeMs(): number | undefined
  /** A probe was begun. */
  probed(): void
}

/** With fewer hosts, all of them may be dead. */
const hostsInARow = 4
/** Where none has answered yet, all that are known may be misspelt. */
const hostsAtStart = 20
const [firstPauseMs, longestPauseMs] = [1000, 60_000]
const answeredBytesMax = 4 << 20

export function createUplink(pace: Clock): Uplink {
  /** Hosts that answered when they were last asked. */
  const answered = recentValues<string, true>({ bytesMax: answeredBytesMax })
  let hasAnswered = false
  const failing = new Set<string>()
  let down: { pauseMs: number; probeAt: number } | undefined

  const noteAnswer = (host: string): void => {
    hasAnswered = true
    answered.keep(host, true)
    failing.clear()
    down = undefined
  }
  const noteFailure = (host: string): void => {
    if (down || (hasAnswered && !answered.get(host))) return
    answered.drop(host)
    failing.add(host)
    if (failing.size >= (hasAnswered ? hostsInARow : hostsAtStart)) down = { pauseMs: firstPauseMs, probeAt: pace.now() + firstPauseMs }
  }
  return {
    watch: (http) => ({
      ...http,
      async get(url, options) {
        const answer = await http.get(url, options)
        if (!answer.ok && !isTransient(answer.reason)) return answer
        const host = hostOf(answer.url)
        if (http.isVirtual(hostnameOf(host))) return answer
        if (answer.ok) noteAnswer(host)
        else noteFailure(host)
        return answer.ok || !down ? answer : { ...answer, reason: 'offline' }
      },
    }),
    isDown: () => down !== undefined,
    // A clock that was ahead is not waited for.
    untilProbeMs: () => down && Math.max(0, Math.min(down.probeAt - pace.now(), down.pauseMs)),
    probed() {
      if (!down) return
      const pauseMs = Math.min(longestPauseMs, down.pauseMs * 2)
      down = { pauseMs, probeAt: pace.now() + pauseMs }
    },
  }
}
