import { expect, test } from 'vitest'
import { boundaryOf, readForm } from './form-body.ts'

const formOf = (parts: readonly [name: string, value: string][], boundary = 'b0') =>
  `${parts.map(([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${name === 'file' ? '; filename="x"' : ''}\r\n\r\n${value}\r\n`).join('')}--${boundary}--\r\n`

async function* cut(text: string, bytes: number): AsyncGenerator<Uint8Array> {
  const whole = Buffer.from(text)
  for (let at = 0; at < whole.length; at += bytes) yield whole.subarray(at, at + bytes)
}

const read = async (text: string, bytes: number) => {
  const { fields, file } = await readForm(cut(text, bytes), 'b0')
  return { fields: [...fields], file: Buffer.concat(await Array.fromAsync(file)).toString() }
}

test.each([1, 2, 3, 7, 50, 100_000])('fields and file come out as they went in, in pieces of %d bytes', async (bytes) => {
  for (const file of ['', 'x', '\r\n', '\r\n--b', '\r\n--b1\r\n--', `--b0${'\r\n-'.repeat(40)}`]) {
    const fields: [string, string][] = [
      ['key', 'a b/ü'],
      ['constructor', ''],
      ['policy', 'line\r\nline'],
    ]
    expect(await read(formOf([...fields, ['file', file], ['after', 'ignored']]), bytes), JSON.stringify(file)).toEqual({ fields, file })
  }
})

test('what Python (requests, httpx) and undici send is taken', async () => {
  const requests = `--b0\r\nContent-Disposition: form-data; name="key"\r\n\r\nk\r\n--b0\r\nContent-Disposition: form-data; name="file"; filename="a.parquet"\r\n\r\nPAR1\r\n--b0--\r\n`
  expect(await read(requests, 10)).toEqual({ fields: [['key', 'k']], file: 'PAR1' })
  const form = new FormData()
  form.set('key', 'k')
  form.set('file', new Blob(['PAR1'], { type: 'application/json' }), 'data.json')
  const request = new Request('http://a.test', { method: 'POST', body: form })
  const sent = await readForm(request.body as unknown as AsyncIterable<Uint8Array>, boundaryOf(request.headers.get('content-type') ?? ''))
  expect([...sent.fields, Buffer.concat(await Array.fromAsync(sent.file)).toString()]).toEqual([['key', 'k'], 'PAR1'])
})

test.each([
  ['nothing', ''],
  ['no form', 'x'.repeat(10_000)],
  ['no file', formOf([['key', 'k']])],
  [
    'a field twice',
    formOf([
      ['key', 'k'],
      ['key', 'k'],
      ['file', 'x'],
    ]),
  ],
  ['many fields', formOf([...Array.from({ length: 21 }, (_, n): [string, string] => [`f${n}`, '']), ['file', 'x']])],
  [
    'a long field',
    formOf([
      ['key', 'k'.repeat(20_000)],
      ['file', 'x'],
    ]),
  ],
  ['a part without a name', '--b0\r\nContent-Type: text/plain\r\n\r\nx\r\n--b0--\r\n'],
  ['a long head', `--b0\r\nX: ${'x'.repeat(5000)}\r\n\r\n`],
  ['a form that breaks off in its file', formOf([['file', 'x'.repeat(100)]]).slice(0, 100)],
  ['a form that breaks off in a field', '--b0\r\nContent-Disposition: form-data; name="key"\r\n\r\nhalf'],
])('%s is refused', async (_, text) => {
  for (const bytes of [1, 64, 100_000]) await expect(read(text, bytes)).rejects.toMatchObject({ code: 'invalid_record' })
})

test('the boundary is read as clients spell it', () => {
  expect(['multipart/form-data; boundary=b0', 'Multipart/Form-Data;charset=utf-8; boundary="b0"'].map(boundaryOf)).toEqual(['b0', 'b0'])
  for (const wrong of [undefined, '', 'application/json', 'multipart/form-data', `multipart/form-data; boundary=${'b'.repeat(80)}`])
    expect(() => boundaryOf(wrong)).toThrow(/form/)
})

test('what only begins like a delimiter is of the file', async () => {
  for (const content of ['a\r\n--b0x', '\r\n--b0\r', '\r\n--b0-x\r\n--b0\n'])
    for (const bytes of [1, 64]) expect((await read(formOf([['file', content]]), bytes)).file.toString()).toBe(content)
})
