const pattern = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`

/** Characters that stand for bytes, in the order of the bytes. */
const isSeen = (byte: number): boolean => (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae
let others = 0
const spelled = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isSeen(byte) ? byte : 0x100 + others++))

/** A `tokenizer.json` as Qwen's is, of the bytes and a few merges. @param parts in place of its own */
export function tinyTokenizer(parts: Record<string, unknown> = {}, model: Record<string, unknown> = {}): string {
  const merges = ['a b', 'ab c', 'b c', 'Ġ a', 'Ã ©']
  const vocab = Object.fromEntries([...spelled, ...merges.map((merge) => merge.replace(' ', ''))].map((token, id) => [token, id]))
  return JSON.stringify({
    normalizer: { type: 'NFC' },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
      ],
    },
    added_tokens: [{ id: 261, content: '<|endoftext|>', special: true }],
    model: { type: 'BPE', vocab, merges, ...model },
    ...parts,
  })
}
