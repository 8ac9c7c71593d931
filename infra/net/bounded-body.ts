/** What an answer holds; undefined when that is more than `bytesMax`: the rest is not waited for. @throws what the connection throws */
export async function boundedBody(answer: Response, bytesMax: number): Promise<Buffer | undefined> {
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of (answer.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += piece.length
    if (bytes > bytesMax) return undefined
    pieces.push(piece)
  }
  return Buffer.concat(pieces, bytes)
}
