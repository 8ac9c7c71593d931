/** How a host has answered lately: what its rest is made longer by. */
export interface HostMood {
  /** Smoothed time of its answers, ms. */
  responseMs: number
  /** 1 = well; doubles with each trouble, up to 64, and halves with each good answer. */
  strain: number
}

export interface RestLimits {
  /** Least rest between two requests, ms. */
  hostDelayMs: number
  /** Rest of at least this many times the time a host takes to answer. */
  responseFactor: number
}

export const calm: HostMood = { responseMs: 0, strain: 1 }

const strainMax = 64
/** A host in trouble rests at least this long, times its strain. */
const troubleMs = 100
/** Weight of the newest answer. */
const smoothing = 0.3
/** Longest rest that we come to by ourselves; robots.txt may ask for more. */
const ownRestMsMax = 120_000

/** The mood after one more request. @param isTrouble 429, 5xx, no answer */
export function moodAfter(mood: HostMood, { responseMs, isTrouble }: { responseMs: number; isTrouble: boolean }): HostMood {
  if (isTrouble) return { responseMs: mood.responseMs, strain: Math.min(strainMax, mood.strain * 2) }
  const smoothed = mood.responseMs === 0 ? responseMs : mood.responseMs * (1 - smoothing) + responseMs * smoothing
  return { responseMs: smoothed, strain: Math.max(1, mood.strain / 2) }
}

/** Rest (ms, whole) of a host from the end of its last answer: what robots.txt asks for, what we always keep, what its slowness asks for; more under strain. */
export function restMs({ responseMs, strain }: HostMood, { hostDelayMs, responseFactor }: RestLimits, crawlDelayMs = 0): number {
  const own = Math.max(hostDelayMs, responseFactor * responseMs, strain > 1 ? troubleMs : 0) * strain
  return Math.ceil(Math.max(crawlDelayMs, hostDelayMs, Math.min(own, ownRestMsMax)))
}

/** The moods of the hosts asked lately, by host name and port; forgotten with the process: the rest itself is kept by the frontier. */
export interface HostMoods {
  of(host: string): HostMood
  note(host: string, answer: { responseMs: number; isTrouble: boolean }): void
}

const hostsMax = 10_000

export function hostMoods(): HostMoods {
  const moods = new Map<string, HostMood>()
  return {
    of: (host) => moods.get(host) ?? calm,
    note(host, answer) {
      const mood = moodAfter(moods.get(host) ?? calm, answer)
      // Touched last, forgotten last.
      moods.delete(host)
      moods.set(host, mood)
      if (moods.size > hostsMax) moods.delete(moods.keys().next().value ?? host)
    },
  }
}
