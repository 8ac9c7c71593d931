/** Where the request itself went wrong; all of it may be mended by whoever wrote the seed, or by time. */
const sentences: Readonly<Record<string, string>> = {
  bad_url: 'no address that can be asked',
  scheme_refused: 'only http and https are asked',
  credentials_refused: 'an address with a user name or password is not asked',
  private_address: 'private address: only public ones are asked, and local ones where a seed names them by number or as localhost',
  port_refused: 'its port is not among miner.ports',
  dns_failed: 'unknown name: no name server knows it, or none could be asked',
  connection_refused: 'refused: nobody listens there',
  connection_failed: 'the connection broke off',
  connect_timeout: 'timeout: no connection came about',
  headers_timeout: 'timeout: no answer came',
  body_timeout: 'timeout: the answer did not go on',
  timeout: 'timeout: the answer took longer than miner.timeout_seconds',
  tls: 'TLS: no secure connection came about',
  tls_expired: 'TLS: its certificate has expired, or is not valid yet',
  tls_self_signed: 'TLS: its certificate is signed by itself',
  tls_untrusted: 'TLS: nobody who is trusted signed its certificate',
  tls_name_mismatch: 'TLS: its certificate is for another name',
  robots_unreachable: 'its robots.txt cannot be read, so nothing may be asked; it will be asked again',
  robots_disallowed: 'its robots.txt forbids it',
  blocked: 'on the block list (miner.block_list)',
  excluded: 'what its source excludes',
  not_html: 'not HTML',
  not_a_sitemap: 'not a sitemap',
  not_a_feed: 'not a feed',
  too_large: 'larger than miner.page_bytes_max',
  redirect_loop: 'redirects to itself',
  too_many_redirects: 'redirects from one of its spellings to the next without end',
  redirect_rest_too_long: 'redirects to another of its spellings, and its host wants to rest too long in between',
  redirected: 'redirects to what is no address of a page',
  noindex: 'noindex: its owner does not want it kept',
  noai: 'noai: its owner does not want it learnt from',
  tdm_reserved: 'its owner reserves text and data mining',
  ai_txt_disallowed: 'its ai.txt forbids learning from it',
  ai_train_disallowed: 'its owner forbids training on it (Content-Signal or Content-Usage)',
  unavailable: 'its owner says that it is not available any more',
  no_job: 'no source includes it, nor anything it links to',
  no_text: 'it holds no text, and leads to nothing that a source includes',
  doubtful_charset: 'its bytes make no text in the charset that it declares, or in any other',
  lists_nothing: 'it lists no address of a page',
}

/**
 * A cause for people, in one line.
 * @param at where it leads, or an address it lists
 */
export function seedCause(cause: string, url: string, at: string | undefined): string {
  const place = at === undefined || at === url ? '' : ` (it leads to ${at})`
  if (cause === 'moved_outside') return `it leads to ${at}, which no source includes; seed that address, or include ${originPattern(at)}`
  if (cause === 'lists_nothing_included') return `no source includes what it lists, such as ${at}; include ${originPattern(at)}`
  const status = /^http_(\d{3})$/.exec(cause)?.[1]
  if (status !== undefined) return `answered ${status}${status === '404' || status === '410' ? ', there is no such page' : ''}${place}`
  return `${sentences[cause] ?? `its page was refused (${cause}) and leads to nothing that a source includes; "orrery scraper explain" says why`}${place}`
}

const originPattern = (at: string | undefined): string => (at !== undefined && URL.canParse(at) ? `${new URL(at).origin}/*` : 'it')
