import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { headerValue } from '#infra/net/header-lines.ts'
import { createHttp } from '#infra/net/http.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { openSite } from '#test/site/site.ts'
import { archivingHttp } from './archiving-http.ts'
import { readWarc } from './read-warc.ts'
import { openWarcWriter } from './warc-writer.ts'

test('whatever was asked and answered is archived, as far as it came', async () => {
  const folder = await temporaryFolder()
  const text = 'User-agent: *\nDisallow: /x\n'
  const packed = gzipSync('a page that does not come to its end')
  await using site = await openSite({
    'h.localhost': {
      '/robots.txt': (response) => void response.writeHead(302, { location: '/r', 'set-cookie': ['a=1', 'b=2'], 'x-bytes': 'caf\xe9' }).end(),
      '/r': text,
      '/cut': 'x'.repeat(1000),
      '/large': 'x'.repeat(2000),
      '/torn': (response) =>
        void response
          .writeHead(200, { 'content-encoding': 'gzip', 'content-length': String(packed.length) })
          .write(packed.subarray(0, 20), () => response.socket?.destroy()),
      '/mangled': (response) => void response.writeHead(200, { 'content-encoding': 'br' }).end(Buffer.from([0xff, 0x00, 0xff])),
      '/reset': (response) => void response.socket?.destroy(),
    },
  })
  {
    await using client = createHttp({ userAgent: 'x', timeoutMs: 60_000, bytesMax: 1500, hosts: site.hosts })
    await using writer = await openWarcWriter({ folder, name: 'w', fileBytesMax: 1e9, software: 'x', requestHeaders: {}, now: () => 0 })
    const http = archivingHttp(client, writer)
    for (const path of ['robots.txt', 'r', 'none', 'large', 'torn', 'mangled', 'reset'])
      await http.get(`http://h.localhost/${path}`, { redirectsMax: 0, headers: { accept: 'text/plain' } })
    await http.get('http://h.localhost/cut', { bytesMax: 10, truncate: true })
  }
  const bytes = await readFile(join(folder, 'w-00001.warc.gz'))
  const records = await Array.fromAsync(
    readWarc(
      (async function* () {
        yield bytes
      })(),
      { blockBytesMax: 1e6 },
    ),
  )
  const answers = records
    .filter(({ type }) => type === 'response')
    .map(({ headers, block }) => {
      const [head = '', body = ''] = Buffer.from(block).toString('latin1').split('\r\n\r\n')
      return { path: new URL(headerValue(headers, 'warc-target-uri') ?? '').pathname, truncated: headerValue(headers, 'warc-truncated'), head, body }
    })
  expect(answers.map(({ path, truncated, body }) => [path, truncated, body.length])).toEqual([
    ['/robots.txt', undefined, 0],
    ['/r', undefined, text.length],
    ['/none', undefined, '<h1>Not found</h1>'.length],
    ['/large', 'length', 0],
    ['/torn', 'disconnect', 20],
    ['/mangled', undefined, 3],
    ['/cut', 'length', 10],
  ])
  expect(answers[0]?.head).toMatch(/^HTTP\/1\.1 302 Found\r\n.*set-cookie: a=1\r\nset-cookie: b=2\r\nx-bytes: caf\xe9\r\n/s)
  // What is packed says so; what was unpacked does not.
  expect(answers[4]?.head).toMatch(/\r\ncontent-encoding: gzip\r\ncontent-length: 20$/)
  expect(records.filter(({ type }) => type === 'request')).toHaveLength(answers.length)
})
