import type { Replace } from './personal-data.ts'

/** RFC 5321 §4.5.3.1 bounds both sides; bounded, the pattern costs the same on any text. Only letters, digits and what people really use. */
const address =
  /(?<![\p{L}\p{N}._%+'\]-])[\p{L}\p{N}_%+'-][\p{L}\p{N}._%+'-]{0,63}@((?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.){1,8}(?:\p{L}{2,24}|xn--[a-z0-9-]{1,59}))(?![\p{L}\p{N}_@[-])/giu

/** Nobody's: reserved for examples and tests (RFC 2606, RFC 6761). */
const reserved = /(?:^|\.)(?:example\.(?:com|net|org)|example|test|invalid|localhost)$/i
/** `icon@2x.png` and other files, `git@host` in front of a path. */
const fileEnding = /\.(?:png|jpe?g|gif|webp|svg|avif|ico|css|scss|m?js|cjs|tsx?|jsx|json|html?|md|ya?ml|toml|wasm|tgz|zip)$/i

export const emailAddresses: Replace = (text, placeholder) =>
  text.includes('@')
    ? text.replace(address, (found: string, domain: string) =>
        reserved.test(domain) || fileEnding.test(domain) || found.startsWith('git@') ? found : placeholder(),
      )
    : text
