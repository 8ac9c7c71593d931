import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Shapes as Reddit's API and scrapers of X answer; the posts are made up. */

interface Said {
  id: string
  title?: string
  text?: string
  author?: string
  at: number
  [more: string]: unknown
}

export const redditPost = ({ id, title = 'A title', text = 'What was said', author = 'someone', at, ...more }: Said, community = 'bittensor_') => ({
  kind: 't3',
  data: {
    name: `t3_${id}`,
    permalink: `/r/${community}/comments/${id}/a_title/`,
    author,
    subreddit: community,
    subreddit_name_prefixed: `r/${community}`,
    created_utc: at / 1000,
    title,
    selftext: text,
    over_18: false,
    score: 3,
    upvote_ratio: 0.91,
    num_comments: 2,
    is_video: false,
    ...more,
  },
})

export const redditComment = ({ id, text = 'An answer', author = 'someone', at, ...more }: Said, community = 'bittensor_') => ({
  kind: 't1',
  data: {
    name: `t1_${id}`,
    permalink: `/r/${community}/comments/abc/a_title/${id}/`,
    author,
    subreddit_name_prefixed: `r/${community}`,
    created_utc: at / 1000,
    body: text,
    parent_id: 't3_abc',
    score: 1,
    ...more,
  },
})

export const listing = (children: readonly unknown[], after: string | null = null) => ({
  kind: 'Listing',
  data: { after, before: null, dist: children.length, children },
})

/** The id of a post of X made at that time. */
export const snowflake = (atMs: number, serial = 0): string => String((BigInt(atMs - 1_288_834_974_657) << 22n) | BigInt(serial))

export const xItem = ({
  at,
  text = 'Blocks are mined #TAO every $BTC day',
  serial = 0,
  user = 'someone',
  ...more
}: {
  at: number
  text?: string
  serial?: number
  user?: string
  [more: string]: unknown
}) => {
  const id = snowflake(at, serial)
  return {
    type: 'tweet',
    id,
    url: `https://x.com/${user}/status/${id}`,
    text,
    createdAt: new Date(at).toUTCString().replace(/^(\w+), (\d+) (\w+) (\d+) ([\d:]+) GMT$/, '$1 $3 $2 $5 +0000 $4'),
    lang: 'en',
    isReply: false,
    isRetweet: false,
    isQuote: false,
    conversationId: id,
    likeCount: 5,
    retweetCount: 1,
    replyCount: 0,
    quoteCount: 0,
    viewCount: 120,
    bookmarkCount: 0,
    entities: { hashtags: [{ text: 'TAO', indices: [17, 21] }], symbols: [{ text: 'BTC', indices: [28, 32] }] },
    author: {
      id: '99',
      userName: user,
      name: 'Some One',
      isVerified: false,
      isBlueVerified: true,
      followers: 10,
      following: 20,
      description: 'x',
      location: '',
      profilePicture: 'https://p.example/a.png',
    },
    ...more,
  }
}

export interface Asked {
  method: string
  url: string
  headers: IncomingMessage['headers']
  body: string
}

/** A server of the loopback that answers as it is told, and remembers what it was asked. */
export async function platformServer(answer: (asked: Asked, response: ServerResponse) => void) {
  const asked: Asked[] = []
  const server = createServer((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      const one = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body: Buffer.concat(pieces).toString() }
      asked.push(one)
      answer(one, response)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

export const json = (response: ServerResponse, body: unknown, headers: Record<string, string> = {}, status = 200): void =>
  void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
