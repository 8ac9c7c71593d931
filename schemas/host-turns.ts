/** What somebody wants to ask of a host beside what was claimed of it: the script of a page, say. */
export interface TurnRequest {
  /** Whose host is to be asked. */
  url: string
  /** For the sake of which page. A host at the address that is lent for that very page is its own: its turns are taken within that lease, one at a time. */
  page: string
  /** Latest beginning that is of use (ms since epoch). A host that is free is not refused because this is over by the time it is looked for. */
  latest: number
  /** The turn is over by itself this long (ms) after its beginning. */
  leaseMs: number
  /** The IP address at which the host was found; absent: not known. */
  address?: string | undefined
}

/** A turn at a host: it is asked nothing else until this is ended, or over. */
export interface HostTurn {
  url: string
  page: string
  /** The host rests until then (ms since epoch). */
  startsAt: number
  /** Taken within the page's own lease of the host, which goes on after it. */
  isWithin: boolean
}

/** What a request leaves behind. */
export interface TurnEnd {
  /** The host rests this long (ms) from now. */
  hostDelayMs: number
  /** The host is held until then as well (429, 503, network trouble). */
  until?: number | undefined
  /** The IP address that answered: it rests with all of its hosts. */
  address?: string | undefined
}

/**
 * The turns of hosts for requests that are no claims, under the very rests and leases that claims keep to: at any moment a host, and the
 * address that it is known to be at, is lent to one at most, for a claim or a turn, and what either leaves behind holds for both.
 */
export interface HostTurns {
  /** The host's next turn; or, when somebody has it or it rests beyond `latest`, from when on (ms since epoch) it is worth asking again. */
  takeTurn(request: TurnRequest): Promise<HostTurn | number>
  /** A turn that is over by itself, or lent again, leaves its rest behind all the same. */
  endTurn(turn: Pick<HostTurn, 'url' | 'page' | 'isWithin'>, end: TurnEnd): Promise<void>
}
