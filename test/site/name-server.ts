import { createSocket, type RemoteInfo } from 'node:dgram'
import { once } from 'node:events'
import { isIP } from 'node:net'

export interface Question {
  name: string
  type: 'A' | 'AAAA'
}

/** What is said of a name: addresses, of which those of the type asked for are given; the name it is an alias of; a response code; bytes; or nothing at all. */
export type Reply =
  | { addresses: readonly string[]; ttl?: number; alias?: string }
  | { code: 'SERVFAIL' | 'NXDOMAIN' | 'REFUSED' }
  | { bytes: Uint8Array }
  | undefined

export interface NameServer extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  address: string
  /** In the order they came, repeats included. */
  questions: readonly Question[]
}

const codes = { SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 }
const types = { 1: 'A', 28: 'AAAA' } as const

/** A DNS server (RFC 1035) on the loopback, by UDP. */
export async function openNameServer(replyTo: (question: Question) => Reply): Promise<NameServer> {
  const socket = createSocket('udp4')
  const questions: Question[] = []
  socket.on('message', (query: Buffer, from: RemoteInfo) => {
    const { question, end } = questionOf(query)
    questions.push(question)
    const reply = replyTo(question)
    if (reply) socket.send('bytes' in reply ? reply.bytes : message(query.subarray(0, end), question, reply), from.port, from.address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return {
    address: `127.0.0.1:${socket.address().port}`,
    questions,
    async [Symbol.asyncDispose]() {
      socket.close()
      await once(socket, 'close')
    },
  }
}

function questionOf(query: Buffer): { question: Question; end: number } {
  const labels: string[] = []
  let at = 12
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { question: { name: labels.join('.').toLowerCase(), type: types[query.readUInt16BE(at + 1) as 1 | 28] }, end: at + 5 }
}

/** The query with its answer behind it. */
function message(query: Buffer, { type }: Question, reply: Exclude<Reply, { bytes: Uint8Array } | undefined>): Buffer {
  const records = 'code' in reply ? [] : recordsOf(type, reply)
  const head = Buffer.from(query)
  head.writeUInt16BE(0x8180 | ('code' in reply ? codes[reply.code] : 0), 2)
  head.writeUInt16BE(records.length, 6)
  head.fill(0, 8, 12)
  return Buffer.concat([head, ...records])
}

const aliasType = 5
/** A pointer to the name that was asked for. */
const asked = Buffer.from([0xc0, 12])

function recordsOf(type: Question['type'], { addresses, ttl = 60, alias }: { addresses: readonly string[]; ttl?: number; alias?: string }): Buffer[] {
  const ofType = addresses.filter((address) => isIP(address) === (type === 'A' ? 4 : 6))
  const owner = alias === undefined ? asked : encoded(alias)
  return [
    ...(alias === undefined ? [] : [record(asked, aliasType, ttl, encoded(alias))]),
    ...ofType.map((address) => record(owner, type === 'A' ? 1 : 28, ttl, bytesOf(address))),
  ]
}

function record(owner: Buffer, type: number, ttl: number, data: Buffer): Buffer {
  const fixed = Buffer.alloc(10)
  fixed.writeUInt16BE(type, 0)
  fixed.writeUInt16BE(1, 2)
  fixed.writeUInt32BE(ttl, 4)
  fixed.writeUInt16BE(data.length, 8)
  return Buffer.concat([owner, fixed, data])
}

const encoded = (name: string): Buffer =>
  Buffer.concat([...name.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)])), Buffer.from([0])])

/** IPv6 in full, or with one `::`. */
function bytesOf(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number))
  const [head = [], tail = []] = address.split('::').map((part) => part.split(':').filter((group) => group !== ''))
  const groups = [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => '0'), ...tail]
  return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex')
}
