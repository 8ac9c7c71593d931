import { pairsOf, parameterOf } from './parameters.ts'

/**
 * Parameters by which a page offers what can be done with it: each is an address of its own, and none has a text that is not elsewhere. The names are those of
 * MediaWiki, DokuWiki, MoinMoin, WordPress, phpBB, vBulletin, SMF, Joomla and web shops; crawlers that are kept for archives leave the same (ArchiveTeam/grab-site).
 */
const doing: readonly [names: RegExp, values: RegExp][] = [
  // Old versions of a wiki page, the difference of two, and what may be done with them.
  [/^(?:oldid|diff|diffonly|undo|undoafter|redlink|veaction|mobileaction|printable|prev_next)$/i, /^/],
  [/^(?:replyto|replytocom|like_comment|showcomment|sharelink|add[-_]to[-_](?:cart|wishlist|compare)|remove_item|unapproved|moderation-hash)$/i, /./],
  [/^share$/i, /^[a-z][a-z0-9-]{2,}$/i],
  [
    /^action$/i,
    /^(?:history|raw|info|credits|purge|render|(?:un)?protect|rollback|revert|(?:un)?watch|markpatrolled|formedit|submit|move|diff|recall|attachfile|likepages|localsitemap|(?:rename|delete)page|spellcheck|newaccount|fullsearch)$/i,
  ],
  [/^do$/i, /^(?:diff|revisions|backlink|media|recent|export_\w+|findcomment|get(?:last|new)comment|whoposted|newblog|check|admin|resendpwd)$/i],
  [
    /^(?:action|act|do|mode|task|cmd)$/i,
    /^(?:edit|delete|log_?(?:in|out|on|off)|sign_?(?:in|up|out)|register|lostpass\w*|viewprofile|reply|quote\w*|newtopic|newthread|print\w*|email\w*|sendpassword|reportcomment|rate|vote|like|bookmark|(?:un)?subscribe|mark_?(?:all_?)?read|delete_cookies|smilies|add_?(?:to_?)?(?:cart|basket|wishlist|favou?rites)|buy|sendtofriend|mailto)$/i,
  ],
  [/^(?:view|goto)$/i, /^(?:next|previous|prev|unread|print|login|getlastpost|getnewpost|next(?:old|new)est|newpost|lastpost|findpost)$/i],
  [/^(?:print|printer|pdf|print_?view)$/i, /^(?:1|yes|true|on)$/i],
  [/^(?:format|output|feed|feedformat|tmpl)$/i, /^(?:pdf|print|feed|rss2?|atom|rdf|opensearch|ical|raw|component)$/i],
  [/^option$/i, /^com_mailto$/i],
]

/** Scripts of forums and blogs that only take what somebody writes, or know who asks. */
const scriptOfAction =
  /\/(?:wp-login|wp-signup|wp-comments-post|login|logout|signin|signup|register|ucp|mcp|posting|newreply|newthread|newtopic|editpost|sendmessage|private|privmsg|pm|subscription|reputation|printthread|showpost|sendtofriend|cart|basket|checkout|wishlist)\.(?:php|aspx?|jsp|cgi|html?)$/i
/** The same without a script, where a query says for what. */
const pathOfAction = /\/(?:login|log-in|signin|sign-in|signup|sign-up|register|logout|sso|oauth|cart|basket|checkout|wishlist|share|print|add-to-cart)\/?$/i
/** Where XenForo, Drupal, TWiki and Magento have what is done with a post, a page or a product. */
const pathOfDoing =
  /\/(?:(?:posts|threads)\/[^/]+\/(?:add-reply|reply|quote|report|likes?|react(?:ions)?|edit|delete|latest|unread|watch|preview|share|permalink|history|post-\d+)\/?$|comment\/reply\/|printmail\/|printpdf\/|bin\/(?:edit|attach|rdiff|oops|rename|manage)\/|catalog\/product_compare\/|wishlist\/index\/|checkout\/cart\/|sendfriend\/|customer\/account\/)/i
/** A list of files in another order, as Apache offers it. */
const sortedIndex = /^C=[NMSD](?:[;&]|%3B)O=[AD]$/i
/** A feed or a trackback of each page, and the reply to each of its comments. */
const pathOfEach = /^\/.+\/(?:feed|rss|atom|rdf|trackback|quote-comment-\d+)\/?$/i
/** Of MediaWiki, what lists or shows anew; Special:AllPages and Special:Categories lead to pages. */
const specialPage =
  /(?:^|\/)Special:(?:WhatLinksHere|RecentChanges\w*|RelatedChanges|Log|Contributions|UserLog(?:in|out)|CreateAccount|Book|Cite\w*|Diff|MobileDiff|MobileOptions|EmailUser|Email|MovePage|Search|Upload\w*|UrlShortener|QrCode|ElectronPdf|DownloadAsPdf|Random\w*|Export|Import|PermanentLink|PermaLink|History|MobileHistory|Watchlist|Preferences|Translate|PageInfo|Block\w*|ListFiles|ListUsers|NewPages|NewFiles|Thanks|PageHistory|PageLog|Purge|EditPage)(?:$|[/&])/i

/**
 * Whether a URL is what can be done with a page, and no page.
 * @param path of the URL, from its first slash on. @param query without the question mark
 */
export function isAction(path: string, query: string): boolean {
  if (pathOfEach.test(path) || pathOfDoing.test(path) || specialPage.test(path)) return true
  if (query === '') return false
  if (scriptOfAction.test(path) || pathOfAction.test(path) || sortedIndex.test(query)) return true
  return pairsOf(query).some((pair) => {
    const [name, value] = parameterOf(pair)
    return (name.toLowerCase() === 'title' && specialPage.test(value)) || doing.some(([names, values]) => names.test(name) && values.test(value))
  })
}
