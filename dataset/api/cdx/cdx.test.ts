import { afterAll, beforeAll, expect, test } from 'vitest'
import { testDocument } from '#test/golden/documents.ts'
import { servedDataset, type ServedDataset } from '#test/golden/served-dataset.ts'
import { urlKey } from './url-key.ts'

const pages = [
  'https://example.com/',
  'http://www.example.com/a',
  'https://example.com/a/b?x=1&y=2',
  'https://example.com/A',
  'https://blog.example.com/',
  'https://example.com:8443/a',
  'https://notexample.com/',
  'https://example.com.evil.test/',
  'http://1.2.3.4/x',
  'http://[::1]:8080/x',
  'https://xn--bcher-kva.example/%C3%A4?q=%20',
]
const documents = pages.map((uri, n) =>
  testDocument(n, {
    uri,
    url: n === 1 ? 'http://www.example.com/a b\nc' : uri,
    host: new URL(uri).host,
    fetched_at: new Date(Date.UTC(2026, n, 1)),
    content_type: n === 2 ? 'Application/PDF; charset=binary' : 'text/html; charset=utf-8',
    http_status: n === 4 ? 203 : 200,
  }),
)

let served: ServedDataset
beforeAll(async () => {
  served = await servedDataset([{ documents }])
})
afterAll(() => served[Symbol.asyncDispose]())

interface Capture {
  urlkey: string
  url: string
  timestamp: string
}
async function captures(query: string): Promise<Capture[]> {
  const { status, headers, text } = await served.get(`/cdx?output=json&${query}`)
  expect([status, headers['content-type']]).toEqual([200, 'text/x-ndjson; charset=utf-8'])
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}
const keys = (lines: readonly Capture[]): string[] => lines.map(({ urlkey }) => urlkey)

test('a capture says where its document stands', async () => {
  const [only, ...none] = await captures('url=https://EXAMPLE.com/a/b?y=2%26x=1')
  expect(none).toEqual([])
  expect(only).toEqual({
    urlkey: 'com,example)/a/b?x=1&y=2',
    timestamp: '20260301000000',
    url: 'https://example.com/a/b?x=1&y=2',
    mime: 'Application/PDF',
    status: '200',
    digest: `sha256:${documents[2]?.html_sha256}`,
    length: String(documents[2]?.text_bytes),
    offset: '2',
    filename: expect.stringMatching(/^datasets\/web\/.*[.]parquet$/),
  })
})

test('keys are made in SQL as they are here, whatever the host is, and lines are sorted by them', async () => {
  const all = await captures('url=*.com&filter=~url:.*')
  const others = (
    await Promise.all(['1.2.3.4', '[::1]:8080', 'b%C3%BCcher.example', 'evil.test'].map((host) => captures(`url=${host}/&matchType=domain`)))
  ).flat()
  expect(keys([...all, ...others]).toSorted()).toEqual(pages.map(urlKey).toSorted())
  expect(keys(all)).toEqual(keys(all).toSorted())
})

test.each([
  ['url=example.com', ['com,example)/']],
  ['url=example.com/a', ['com,example)/a']],
  ['url=example.com/a*', ['com,example)/a', 'com,example)/a/b?x=1&y=2']],
  ['url=example.com/a&matchType=prefix', ['com,example)/a', 'com,example)/a/b?x=1&y=2']],
  ['url=example.com/&matchType=host', ['com,example)/', 'com,example)/A', 'com,example)/a', 'com,example)/a/b?x=1&y=2', 'com,example:8443)/a']],
  ['url=*.example.com&filter=!=status:200', ['com,example,blog)/']],
  ['url=*.example.com&from=202603&to=202603', ['com,example)/a/b?x=1&y=2']],
  ['url=*.example.com&from=20260401000000', ['com,example)/A', 'com,example,blog)/', 'com,example:8443)/a']],
  ['url=*.example.com&filter=mime:PDF', ['com,example)/a/b?x=1&y=2']],
  ['url=*.example.com&filter==mimetype:text/html&filter=~original:https://[^/]*/$', ['com,example)/', 'com,example,blog)/']],
  ['url=*.example.com&filter=!~timestamp:2026[0][1-5]', ['com,example:8443)/a']],
  ['url=*.example.com&filter=blog', ['com,example,blog)/']],
  ['url=*.example.com&limit=1&sort=reverse', ['com,example:8443)/a']],
  ['url=*.example.com&limit=2&sort=closest&closest=20260315', ['com,example)/a/b?x=1&y=2', 'com,example)/A']],
  ['url=*.example.com&matchType=domain&limit=1', ['com,example)/']],
  ['url=example.com/a*&matchType=prefix', ['com,example)/a', 'com,example)/a/b?x=1&y=2']],
  ['url=*.example.com&limit=-2', ['com,example,blog)/', 'com,example:8443)/a']],
  ['url=*.example.com&limit=-2&sort=reverse', ['com,example)/A', 'com,example)/']],
  ['url=*.example.com&limit=1&closest=20260315', ['com,example)/a/b?x=1&y=2']],
  ['url=*.example.com&collapse=timestamp:4&collapse=status', ['com,example)/']],
  ['url=*.example.com&collapse=urlkey:12', ['com,example)/', 'com,example,blog)/', 'com,example:8443)/a']],
])('%s finds what fits', async (query, expected) => {
  expect(keys(await captures(query))).toEqual(expected)
})

test('lines are JSON behind their key, or fields with a space between, whatever a miner wrote into them', async () => {
  const { text, headers } = await served.get('/cdx?url=example.com/a')
  expect(headers['content-type']).toBe('text/x-cdxj; charset=utf-8')
  expect(text).toMatch(/^com,example\)\/a 20260201000000 \{"url":"http:\/\/www[.]example[.]com\/a b\\nc",.*\}\n$/)
  const { text: fields } = await served.get('/cdx?url=example.com/a&output=text&fl=urlkey,original,statuscode')
  expect(fields).toBe('com,example)/a http://www.example.com/a%20b%20c 200\n')
  const [line] = await captures('url=example.com/a&fields=timestamp,url&fl=digest')
  expect(line).toEqual({ timestamp: '20260201000000', url: 'http://www.example.com/a b\nc' })
  expect((await served.get('/cdx?url=example.com/a&output=text&fl=redirect,timestamp,languages')).text).toBe('- 20260201000000 -\n')
  expect(await captures('url=example.com/a&fl=languages,timestamp')).toEqual([{ timestamp: '20260201000000' }])
})

test('pages are counted, one behind the last is refused, and nothing found is 404: so clients know where to end', async () => {
  const { text } = await served.get('/cdx?url=*.example.com&showNumPages=true')
  expect(JSON.parse(text)).toEqual({ pages: 1, pageSize: 1, blocks: 1 })
  const counted = await served.get('/cdx?url=nothing.test&showNumPages=true')
  expect(JSON.parse(counted.text)).toEqual({ pages: 0, pageSize: 1, blocks: 0 })
  expect(await served.get('/cdx?url=*.example.com&page=1')).toMatchObject({ status: 400, text: expect.stringMatching(/last page is 0/) })
  expect(await served.get('/cdx?url=nothing.test/*')).toMatchObject({ status: 404, text: expect.stringMatching(/No captures found for: nothing[.]test/) })
})

const wayback = async (query: string) => {
  const { status, headers, text } = await served.get(`/cdx/search/cdx?${query}`)
  expect(status, text).toBe(200)
  return { type: headers['content-type'], text }
}

test('the Wayback Machine’s clients find its dialect below its path', async () => {
  const sha256 = `sha256:${documents[4]?.html_sha256}`
  const blog = ['com,example,blog)/', '20260501000000', 'https://blog.example.com/', 'text/html', '203', sha256, String(documents[4]?.text_bytes)]
  expect(await wayback('url=blog.example.com')).toEqual({ type: 'text/plain; charset=utf-8', text: `${blog.join(' ')}\n` })
  const names = ['urlkey', 'timestamp', 'original', 'mimetype', 'statuscode', 'digest', 'length']
  expect(JSON.parse((await wayback('url=blog.example.com&output=json')).text)).toEqual([names, blog])
  expect(JSON.parse((await wayback('url=*.example.com&filter=statuscode:20[^0]&filter=!mimetype:text/plain&fl=original&output=json')).text)).toEqual([
    ['original'],
    [blog[2]],
  ])
  expect((await wayback('url=*.example.com&filter=statuscode:20&limit=-1')).text).toBe('')
  expect(await wayback('url=nothing.test/*')).toMatchObject({ text: '' })
  expect((await wayback('url=nothing.test/*&output=json')).text).toBe('[]')
  expect((await wayback('url=*.example.com&showNumPages=true')).text).toBe('1\n')
  expect((await wayback('url=*.example.com&page=1')).text).toBe('')
  expect((await wayback('url=*.example.com&page=0&fl=urlkey&limit=1&showResumeKey=true')).text).toBe('com,example)/\n')
})

test.each(['', '&sort=reverse', '&collapse=urlkey:12'])('what it has no room for goes on behind a key%s', async (rest) => {
  const ask = async (more: string) => (await served.get(`/cdx/search/cdx?url=*.example.com&fl=urlkey,timestamp${rest}${more}`)).text
  const all = await ask('')
  let [pages, resumeKey] = ['', '']
  for (let n = 0; n < 10; n++) {
    const [lines = '', key] = (await ask(`&limit=2&showResumeKey=true${resumeKey && `&resumeKey=${resumeKey}`}`)).split('\n\n')
    pages += lines.endsWith('\n') ? lines : `${lines}\n`
    if (key === undefined) break
    resumeKey = key.trim()
  }
  expect(pages).toBe(all)
  const lists = JSON.parse(await ask('&limit=2&showResumeKey=true&output=json'))
  expect([lists.length, lists.at(-2), lists.at(-1)]).toEqual([5, [], [expect.stringMatching(/^[\w-]+$/)]])
  expect(await served.get('/cdx/search/cdx?url=*.example.com&resumeKey=com%2Cexample')).toMatchObject({ status: 400, text: expect.stringMatching(/resumeKey/) })
})

test.each([
  ['', /url: it is needed/],
  ['url=', /url/],
  ['url=a&url=b', /url: it is given more than once/],
  ['url=', /url: Too small/],
  [`url=${'a'.repeat(4097)}`, /url: Too big/],
  ['url=ftp://example.com/', /no address of pages/],
  ['url=example.com&dataset=none', /no dataset/],
  ['url=example.com&dataset=..%2f', /no dataset|dataset/],
  ['url=example.com&matchType=range', /matchType/],
  ['url=example.com&from=yesterday', /14 digits/],
  ['url=example.com&page=-1', /page/],
  ['url=example.com&limit=1e9', /limit/],
  ['url=example.com&limit=0', /limit: a whole number, and not 0/],
  ['url=example.com&fields=nope', /fl: there is no field "nope"/],
  ['url=example.com&pageSize=6', /pageSize/],
  ['url=example.com&fl=urlkey,constructor', /fl: there is no field "constructor"/],
  ['url=example.com&filter=%3Dnope:1', /filter: there is no field "nope"/],
  ['url=example.com&filter=~url:(', /./],
  ['url=example.com&filter=~url:(?%3D.)', /./],
  ['url=example.com&sort=closest', /closest/],
  ['url=example.com&sort=closest&closest=20261399', /closest/],
  ['url=example.com&closest=2026&closest=2027', /closest/],
  [`url=example.com${'&collapse=urlkey'.repeat(4)}`, /collapse: at most 3/],
  ['url=example.com&collapse=nope', /collapse/],
  [`url=example.com&filter=${'a'.repeat(501)}`, /500/],
  [`url=example.com${'&filter=a'.repeat(11)}`, /10/],
])('GET /cdx?%s is refused', async (query, message) => {
  const { status, text } = await served.get(`/cdx?${query}`)
  expect([400, 404]).toContain(status)
  expect(JSON.parse(text).error.message).toMatch(message)
})

test.each(['blog', 'nope:1', '=statuscode:200', 'statuscode:('])('a filter %s of the Wayback Machine’s dialect is refused', async (filter) => {
  const { status, text } = await served.get(`/cdx/search/cdx?url=example.com&filter=${encodeURIComponent(filter)}`)
  expect([status, JSON.parse(text).error.code]).toEqual([400, 'invalid_argument'])
})

test('a pattern that would take a backtracking matcher for ever is answered', async () => {
  const { status } = await served.get(`/cdx?url=*.example.com&filter=${encodeURIComponent('~url:(h*)*(ht*)*((t|h)*)*$nothing')}`)
  expect(status).toBe(404)
})
