/** By whose credential a name is asked for: found of a request before anything is done for it, and never taken from its body alone (trainer-bridge/feed/callers.ts). */
export interface NodeOwner {
  /** What stays the same of the credential: an id of a key, the address of a hotkey; `open` for whoever has none. */
  id: string
  /** Who answers for the node: all of an operator's nodes together are one voice. */
  operator: string
  /** What it was known by. `open`: by its name alone, on this machine or where the operator of the bridge lets anybody. */
  via: 'open' | 'token' | 'hotkey'
}

/** A name and who has it. Times are ms since epoch, by the clock of the feed. */
export interface KnownNode extends NodeOwner {
  node: string
  joinedAt: number
  /** Lower-case hex sha256 of the id of the request that it joined by, where that had one. */
  joinedBy: string | undefined
  seenAt: number
  /** It said that it is leaving. */
  isDraining: boolean
}

/** The operator whose word the node's is; undefined for one that has no credential, and speaks for itself. */
export const voiceOf = ({ operator, via }: NodeOwner): string | undefined => (via === 'open' ? undefined : operator)

/** What a node did on one day of UTC. */
export interface NodeDay {
  /** Like 2026-11-29. */
  day: string
  settled: number
  tokens: number
  /** Sum of the losses of its batches, nats per token. */
  lossSum: number
  /** Leases that ran out. */
  lost: number
  /** Batches given back. */
  returned: number
}

/** How far the history has read what the ledger wrote of an epoch: places of its lists, 0 for none. */
export interface Booked {
  settlements: number
  failures: number
}

/** Names that one owner has, at most: of those not heard of for a day the one that is silent longest makes room. */
export const namesMax = 10_000
/** The same of all that come without a credential, of all that have only the token of their name, and of all that have only a hotkey. */
export const openNamesMax = 100_000
/** A token is good while its node is heard of so often, and for so long beside the next one. */
export const tokenLifeMs = 30 * 86_400_000
export const tokenGraceMs = 600_000
/** Of so many days there is a history. */
export const historyDays = 60

/**
 * The nodes that ask the feed: who has which name, and what each has done. A name is of whoever had it first. Shared by processes; what was answered is durable
 * (kill -9), all but when a node was heard of last.
 */
export interface Nodes {
  /** Gives the name to the owner, or finds that it has it. @param joinedBy written down with a name that is new @throws `forbidden` when another has it, `rate_limited` when the owner has as many as it may */
  bind(node: string, owner: NodeOwner, joinedBy?: string): Promise<KnownNode>
  /** Those that are known of these names (10,000 at most). */
  find(nodes: readonly string[]): Promise<KnownNode[]>
  /** A new token of a known node, shown once; the former one is good for `tokenGraceMs` more. @throws `not_found` */
  issue(node: string): Promise<string>
  /** Whose token (any text) it is; undefined for none, and for one that is over. */
  bearer(token: string): Promise<KnownNode | undefined>
  /** It was heard of now; `isDraining` where that changes. @throws `not_found` */
  heard(node: string, change?: { isDraining: boolean }): Promise<KnownNode>
  /**
   * Adds what was read of an epoch's lists from `from` to `upTo`, unless another process was first. Without a change: how far it is.
   * @returns how far it is then
   */
  book(planId: string, change?: { from: Booked; upTo: Booked; days: readonly (NodeDay & { node: string })[] }): Promise<Booked>
  /** Newest first. */
  days(node: string): Promise<NodeDay[]>
}
