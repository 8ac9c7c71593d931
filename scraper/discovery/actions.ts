import { pairsOf, parameterOf } from './parameters.ts'

/**
 * Parameters by which a page offers what can be done with it: each is an address of its own, and none has a text that is not elsewhere. The names are those of
 * MediaWiki, DokuWiki, MoinMoin, WordPress, phpBB, vBulletin, SMF, Joomla, Bugzilla and web shops; crawlers that are kept for archives leave the same (ArchiveTeam/grab-site).
 */
const doing: readonly [names: RegExp, values: RegExp][] = [
  // Old versions of a wiki page, the difference of two, and what may be done with them.
  [/^(?:oldid|diff|diffonly|undo|undoafter|redlink|veaction|mobileaction|printable|prev_next)$/i, /^/],
  [/^(?:replyto|replytocom|like_comment|showcomment|sharelink|add[-_]to[-_](?:cart|wishlist|compare)|remove_item|unapproved|moderation-hash)$/i, /./],
  [/^share$/i, /^[a-z][a-z0-9-]{2,}$/i],
  [
    /^action$/i,
    /^(?:history|raw|info|credits|purge|render|(?:un)?protect|rollback|revert|(?:un)?watch|markpatrolled|formedit|submit|move|diff|recall|attachfile|likepages|localsitemap|(?:rename|delete)page|spellcheck|newaccount|fullsearch|pagevalues|cargovalues|mcr\w+|historysubmit|revisiondelete|renderasdocbook|slideshow|refresh|despam|copypage|supplementation|packagepages|format)$/i,
  ],
  [
    /^action$/i,
    /^(?:reporttm|notify(?:board)?|sendtopic|search2|verificationcode|markasread|dlattach|pm|who|unread(?:replies)?|quickmod\w*|editpoll|reminder|helpadmin|jsmodify|login2|register2|deletemsg|movetopic|mergetopics|splittopics|sticky|lock)$/i,
  ],
  [
    /^do$/i,
    /^(?:diff|revisions|backlink|media|recent|addtobook|edit(?:password|profile|options|signature|avatar)|export_\w+|findcomment|get(?:last|new)comment|whoposted|newblog|check|admin|resendpwd)$/i,
  ],
  [
    /^(?:action|act|do|mode|task|cmd)$/i,
    /^(?:edit|delete|log_?(?:in|out|on|off)|sign_?(?:in|up|out)|register|lostpass\w*|viewprofile|reply|quote\w*|newtopic|newthread|print\w*|email\w*|sendpassword|reportcomment|rate|vote|like|bookmark|(?:un)?subscribe|mark_?(?:all_?)?read|delete_cookies|smilies|add_?(?:to_?)?(?:cart|basket|wishlist|favou?rites)|buy|sendtofriend|mailto)$/i,
  ],
  [/^(?:view|goto)$/i, /^(?:next|previous|prev|unread|print|login|getlastpost|getnewpost|next(?:old|new)est|newpost|lastpost|findpost)$/i],
  // The same topic as phpBB and vBulletin draw it otherwise, or note what its reader thinks of it.
  [/^mode$/i, /^(?:hybrid|threaded|linear|contact)$/i],
  [/^(?:watch|unwatch|mark)$/i, /^(?:topics?|forums?)$/i],
  [/^(?:bookmark|amp|ical|outlook-ical)$/i, /^(?:1|true|yes|)$/i],
  [/^search_id$/i, /^(?:egosearch|newposts|unreadposts)$/i],
  [/^(?:vote_id|style_id)$/i, /^\d+$/],
  [/^(?:print|printer|pdf|print_?view)$/i, /^(?:1|yes|true|on|print|)$/i],
  [/^(?:format|output(?:type)?|feed|feedformat|tmpl|export|ctype)$/i, /^(?:pdf|print|amp|feed|rss2?|atom|rdf|opensearch|ical|ics|raw|component|diff|xml)$/i],
  // OpenCart and PrestaShop.
  [/^route$/i, /^(?:account|checkout|affiliate)(?:\/|%2F)/i],
  [/^controller$/i, /^(?:authentication|order|cart|my-?account|password|addresse?s?|identity|guest-tracking)$/i],
  [/^option$/i, /^com_mailto$/i],
]

/** What a script alone can say of its parameters: TWiki, XWiki, Trac, ViewVC, SMF and phpBB. */
const doingOf: readonly [paths: RegExp, queries: RegExp][] = [
  [/\/bin\/view(?:auth)?\//i, /(?:^|[&;])(?:raw|cover|rev|skin|sortcol|viewer|xpage|contenttype)=/i],
  [/\/wiki\//i, /(?:^|[&;])(?:version|format)=/i],
  [/^/, /(?:^|[&;])r1=.*[&;]r2=/],
  [/\/index\.php$/i, /^action=(?:post[;&](?:.*[;&])?(?:topic|board|msg)=|profile[;&](?:.*[;&])?u=)/i],
  [/\/report\.php$/i, /(?:^|[&;])p=\d/],
  [/\/submit\/?$/i, /(?:^|[&;])url=/i],
]

/** Scripts of forums and blogs that only take what somebody writes, or know who asks. */
const scriptOfAction =
  /\/(?:wp-login|wp-signup|wp-comments-post|login|logout|signin|signup|register|ucp|mcp|posting|newreply|newthread|newtopic|editpost|sendmessage|private|privmsg|pm|subscription|reputation|printthread|showpost|sendtofriend|cart|basket|checkout|wishlist|external|ajax|cron|xmlrpc|sharer|tell_?a_?friend|email_?(?:article|story|page)|tiki-(?:pagehistory|editpage|print|backlinks|likepages|rename_page|export_\w+))\.(?:php|aspx?|jsp|cgi|html?)$/i
/** The same without a script, where a query says for what. */
const pathOfAction =
  /\/(?:login|log-in|sign[_-]?in|sign[_-]?up|register|logout|sso|oauth|oauth2?\/authorize|auth\/(?:facebook|google\w*|twitter|github|openid\w*)|cart|basket|checkout|wishlist|share|print|add-to-cart)\/?$/i
/** Where XenForo, Drupal, TWiki and Magento have what is done with a post, a page or a product. */
const pathOfDoing =
  /\/(?:(?:posts|threads)\/[^/]+\/(?:add-reply|reply|quote|report|likes?|react(?:ions)?|edit|delete|latest|unread|watch|preview|share|permalink|history|post-\d+)\/?$|comment\/reply\/|whats-new\/(?:[\w-]+\/)?\d+|goto\/post$|app\.php\/(?:post\/\d+\/report|user\/forgot_password)|node\/\d+\/(?:print|revisions|edit|delete)(?:\/|$)|flag\/(?:un)?flag\/|wp-(?:admin|json)\/|cart\/add(?:\/|$)|printmail\/|printpdf\/|bin\/(?:edit|attach|rdiff|compare|oops|rename|manage|login|logon|register|export|preview|save|upload|delete|inline|undelete|create|cancel|object(?:add|remove))\/|pages\/(?:diffpages\w*|viewpreviousversions|editpage|createpage|copypage|viewinfo|viewpageattachments)\.action$|catalog\/product_compare\/|wishlist\/index\/|checkout\/cart\/|sendfriend\/|customer\/account\/)/i
/** A post of a Discourse topic shows the topic; `/t/slug/12/print` prints it, `/print/12` does a page of Drupal. */
const pathOfPost = /^\/t\/(?:[^/]+\/)?\d+\/(?:\d+|print)$|^\/print\/\d+$/i
/** A list of files in another order, as Apache offers it. */
const sortedIndex = /^C=[NMSD](?:[;&]|%3B)O=[AD]$/i
/** A feed or a trackback of each page, and the reply to each of its comments. */
const pathOfEach = /^\/.+\/(?:(?:feed|rss|atom|rdf)\/|(?:trackback|quote-comment-\d+)\/?)$/i
/** Of MediaWiki, what lists or shows anew; Special:AllPages and Special:Categories lead to pages. */
const specialPage =
  /(?:^|\/)Special(?::|%3A)(?:WhatLinksHere|RecentChanges\w*|RelatedChanges|Log|Contributions|UserLog(?:in|out)|CreateAccount|Book|Cite\w*|Diff|MobileDiff|MobileOptions|EmailUser|Email|MovePage|Search|Upload\w*|UrlShortener|QrCode|ElectronPdf|DownloadAsPdf|Random\w*|Export|Import|PermanentLink|PermaLink|History|MobileHistory|Watchlist|Preferences|Translate|PageInfo|Block\w*|ListFiles|ListUsers|NewPages|NewFiles|Thanks|PageHistory|PageLog|Purge|EditPage)(?:$|[/&])/i
/** The same under the names it has in other languages: what it says of one page (`Spezial:Linkliste/Seite`). */
const specialOfPage =
  /(?:^|\/)(?:Spezial|Sp(?:é|%C3%A9)cial|Especial|Speciale|Speciaal|Spesial|Specjalna|Speci(?:á|%C3%A1)ln(?:í|%C3%AD)|Istimewa|Toiminnot|Служебная|%D0%A1%D0%BB%D1%83%D0%B6%D0%B5%D0%B1%D0%BD%D0%B0%D1%8F|特別|%E7%89%B9%E5%88%A5|特殊|%E7%89%B9%E6%AE%8A)(?::|%3A)[^/&]+\/[^/]/i

/**
 * Whether a URL is what can be done with a page, and no page.
 * @param path of the URL, from its first slash on. @param query without the question mark
 */
export function isAction(path: string, query: string): boolean {
  if (pathOfEach.test(path) || pathOfDoing.test(path) || pathOfPost.test(path) || specialPage.test(path) || specialOfPage.test(path)) return true
  if (query === '') return false
  if (scriptOfAction.test(path) || pathOfAction.test(path) || sortedIndex.test(query)) return true
  if (doingOf.some(([paths, queries]) => paths.test(path) && queries.test(query))) return true
  return pairsOf(query).some((pair) => {
    const [name, value] = parameterOf(pair)
    return (
      (name.toLowerCase() === 'title' && (specialPage.test(value) || specialOfPage.test(value))) ||
      doing.some(([names, values]) => names.test(name) && values.test(value))
    )
  })
}
