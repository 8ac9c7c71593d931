/** A WARC record as its bytes, for tests and benches. */
export function warcRecord(type: string, block: string | Uint8Array, fields: Readonly<Record<string, string>> = {}): Buffer {
  const bytes = Buffer.from(block)
  const all = { 'WARC-Type': type, 'WARC-Date': '2026-01-02T03:04:05Z', 'WARC-Record-ID': '<urn:uuid:0>', 'Content-Length': String(bytes.length), ...fields }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.concat([Buffer.from(`WARC/1.0\r\n${lines.join('')}\r\n`), bytes, Buffer.from('\r\n\r\n')])
}

/** A `response` record of a page. */
export function pageRecord(
  url: string,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>> = { 'Content-Type': 'text/html' },
  status = 200,
): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const block = Buffer.concat([Buffer.from(`HTTP/1.1 ${status} OK\r\n${lines.join('')}\r\n`), Buffer.from(body)])
  return warcRecord('response', block, { 'WARC-Target-URI': url, 'Content-Type': 'application/http; msgtype=response' })
}
