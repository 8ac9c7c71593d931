import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'
export async function* extractionPages(): AsyncGenerator<any> {
  let parts: Buffer[] = []
  for await (const chunk of createReadStream('/work/shared/data/extraction-dev.jsonl.gz').pipe(createGunzip()) as AsyncIterable<Buffer>) {
    let at = 0
    for (let end; (end = chunk.indexOf(10, at)) >= 0; at = end + 1) {
      parts.push(chunk.subarray(at, end))
      yield JSON.parse(Buffer.concat(parts).toString())
      parts = []
    }
    parts.push(chunk.subarray(at))
  }
}
