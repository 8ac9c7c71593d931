import type { IncomingHttpHeaders } from 'node:http'

/** A request as it came in, as far as it is signed. */
export interface ReceivedRequest {
  method: string
  /** Of the request line: percent-encoded, with its query. */
  target: string
  headers: IncomingHttpHeaders
  /** The bytes that came, none for no body. */
  body: Uint8Array
}

/** Forms of signatures that are understood here. */
type SignatureScheme = 'btauth/1' | 'x-tao/2' | 'epistula/2' | 'iota' | 'dendrite'

/** Who signed a request. */
export interface SignedBy {
  /** SS58 address. */
  hotkey: string
  scheme: SignatureScheme
  /** 64 hex; the same for each repeat of this request and for no other one. What is booked once is booked under it. */
  requestKey: string
  /** It came before: only IOTA's client may repeat itself. After a restart it is not known. */
  isRepeat: boolean
}

/** What a request says of its signature, nothing of it checked yet. */
export interface SignatureClaim {
  hotkey: string
  /** 0x and 128 hex, lower case: a signature has one spelling. */
  signature: string
  /** When it was signed, by who signed, ns since the Unix epoch; never a Number, which would round it. */
  signedAtNs: bigint
  /** Whom it is for; undefined: anybody. */
  receiver: string | undefined
  /** What no two requests of the hotkey have in common; with `order`, who of the hotkey it is that counts. */
  nonce: string
  /** What grows from each request to the next; of these the first alone must come in its time. */
  order?: bigint
  /** How old it may be, where it says so itself. */
  pastMs?: number
  /** What may have been signed: the first that the signature fits is it. */
  messages(): Iterable<Uint8Array>
}

/** One form of signature. */
export interface SchemeRules {
  name: SignatureScheme
  /** Whether a request says that it is signed in this form. */
  isUsed(headers: IncomingHttpHeaders): boolean
  /** What a request may be older, and younger, than now. */
  pastMs: number
  aheadMs: number
  /** Whether a request may be for anybody. */
  mayBeUnbound: boolean
  /** Whether the same request may come again within its time. */
  mayRepeat: boolean
  /** @returns a sentence's end that says what is wrong, where it cannot be read */
  read(request: ReceivedRequest): SignatureClaim | string
}
