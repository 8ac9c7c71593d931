import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { moreStallInputs, stallInputs } from './stall-inputs.ts'

/**
 * Serves the inputs, in a process of its own so that making them costs nobody else: each at an address of 127.0.1.0/24, in the order of their list, on one port,
 * which is told on standard output. It ends with its standard input.
 */
const inputs = Object.values({ ...stallInputs, ...moreStallInputs })
const server = createServer(({ headers, url }, response) => {
  const [address = ''] = (headers.host ?? '').split(':')
  const input = inputs[Number(address.split('.').at(-1)) - 1]
  const isIt = input && url === (input.path ?? '/it')
  if (!isIt) return void response.writeHead(url === '/it' ? 200 : 404, { 'content-type': 'text/html' }).end('<p>Nothing here.')
  const body = Buffer.from(input.body())
  const at = body.length < 1_000_000 ? -1 : body.subarray(0, 20).indexOf('HOST')
  const host = Buffer.from(headers.host ?? '')
  const whole = at === -1 ? body : Buffer.from(body.toString('latin1').replaceAll('HOST', host.toString()), 'latin1')
  response.writeHead(200, { 'content-type': input.type, ...(input.encoding === undefined ? {} : { 'content-encoding': input.encoding }) }).end(whole)
})
server.listen(0, '0.0.0.0')
await once(server, 'listening')
process.stdout.write(`${(server.address() as AddressInfo).port}\n`)
process.stdin.resume()
process.stdin.on('end', () => process.exit())
