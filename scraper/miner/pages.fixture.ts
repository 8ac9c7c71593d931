import type { Page } from '#test/site/site.ts'
import { story } from '#test/site/story.ts'

const html = (topic: string, salt: number, links: readonly string[]): string =>
  `<html lang="en"><head><title>${topic} ${salt}</title></head><body><main><h1>${topic}</h1><p>${story(salt, 20)}</p>${links.map((link) => `<a href="${link}">more</a>`).join(' ')}</main></body></html>`

/** Hosts whose pages link to each other, in a tree, so that what is known depends on what was visited. */
export function forest(hosts: number, pages: number, jitter: (key: string) => number): Record<string, Record<string, Page>> {
  return Object.fromEntries(
    Array.from({ length: hosts }, (_, h) => {
      const paths = Array.from({ length: pages }, (_, i): [string, Page] => {
        const links = [2 * i + 1, 2 * i + 2].filter((n) => n < pages).map((n) => `/p${n}.html`)
        if (i === 0 && h + 1 < hosts) links.push(`http://${hostName(h + 1)}/`)
        links.push(`http://${hostName((h * 3 + i) % hosts)}/p${1 + ((i * 5) % (pages - 1))}.html`)
        const page: Page = async (response, request) => {
          for (let turn = jitter(`${request.host}${request.path}`); turn > 0; turn--) await new Promise(setImmediate)
          response.writeHead(200, { 'content-type': 'text/html', etag: `"${h}-${i}"` }).end(html(`topic${h}`, h * 100 + i, links))
        }
        return [i === 0 ? '/' : `/p${i}.html`, page]
      })
      return [hostName(h), Object.fromEntries(paths)]
    }),
  )
}
const hostName = (h: number): string => `${String.fromCharCode(97 + h)}.localhost`

type Answer = Exclude<Page, string>

export const send =
  (body: string | Uint8Array, headers: Record<string, string> = {}, status = 200): Answer =>
  (response) =>
    void response.writeHead(status, { 'content-type': 'text/html', ...headers }).end(body)
/** A page that is kept; another text for each number. */
export const good = (salt: number, links: readonly string[] = []) => html('page', salt, links)
