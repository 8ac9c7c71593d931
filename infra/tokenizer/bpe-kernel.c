/*
 * Tokens of a text: its pieces by the state machines of plain-pieces.ts, merged as in plain-merge.ts over the tables of tables.ts.
 * Freestanding: no library, no allocation. What is remembered of pieces are the arrays below, whatever is encoded. The host puts tables, text and room for the
 * tokens behind base(), and grows the memory for them; configure() once, then encode() for each text: UTF-8, valid, 64 zeros behind.
 * Built by schemas/build-wasm.sh to bpe-kernel.wasm.
 */
#include <wasm_simd128.h>

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

#define EXPORT(name) __attribute__((export_name(#name)))
#define INLINE static inline __attribute__((always_inline))
#define NOINLINE static __attribute__((noinline))
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define NONE 0xffffffffu
#define PAGE_BYTES 65536

extern u8 __heap_base;

/* Bits of classes, as in char-classes.ts. */
enum { UPPER = 1, LOWER = 2, LETTER = 4, NUMBER = 8, SPACE = 16, NEWLINE = 32, SYMBOL = 64, IDEOGRAPH = 128 };
enum { GPT2 = 0, CL100K = 1, O200K = 2, DEEPSEEK = 3 };
/* Bits of rules, as in pattern.ts. */
enum { KEEPS_TAIL = 1, NUMBERS_APART = 2, CONTRACTIONS_APART = 4 };

static const u8 *pages;
static const u8 *blocks;
static u32 family;
static u32 digits_max;
static u32 keeps_tail, numbers_apart, contractions_apart;
/* Classes that come apart before all else: for what stands before them the text ends there. */
static u32 apart;
static const u64 *pairs;
static u32 pairs_mask;
static const u32 *outer;
static const u32 *whole_starts;
static const u8 *whole_bytes;
static const u32 *whole_ids;
static const u32 *whole_slots;
static u32 whole_mask;
static u32 whole_count;
static u8 ascii[128];
/* What two bytes become; the lowest of what a byte becomes behind something that ends in another, and before something that begins with another. */
static u32 byte_pairs[65536];
/* Of what two bytes become: something that it is part of has a lower rank than it, so it may not come before its turn. */
#define HASTY 0x80000000u
/* A bit for each such token. */
static u32 hasty[1 << (21 - 5)];
static const u32 *before_pairs;
static const u32 *after_pairs;
/* Most neighbours stay apart: a bit for each pair that does not, by its hash, is looked up where memory is near. */
#define MAY_JOIN_BITS 21
static u32 may_join[1 << (MAY_JOIN_BITS - 5)];

static const u8 *end;
/* Behind the tokens: room for a window that is wider than usual. */
static u8 *beyond;

EXPORT(base) u8 *base(void) { return &__heap_base; }

/* ---- Pieces ---- */

INLINE u32 class_at(const u8 *at, u32 *width) {
  u32 first = *at, point;
  if (LIKELY(first < 0x80)) {
    *width = 1;
    return at < end ? ascii[first] : 0;
  }
  if (first < 0xe0) {
    *width = 2;
    point = (first & 0x1f) << 6 | (at[1] & 0x3f);
  } else if (first < 0xf0) {
    *width = 3;
    point = (first & 0xf) << 12 | (at[1] & 0x3f) << 6 | (at[2] & 0x3f);
  } else {
    *width = 4;
    point = (first & 7) << 18 | (at[1] & 0x3f) << 12 | (at[2] & 0x3f) << 6 | (at[3] & 0x3f);
  }
  return blocks[pages[point >> 7] << 7 | (point & 127)];
}

/* Of 16 bytes those from `first` on, `count` of them in a row, as bits. */
INLINE u32 bytes_within(v128_t bytes, u8 first, u8 count) {
  return wasm_i8x16_bitmask(wasm_u8x16_lt(wasm_i8x16_sub(bytes, wasm_i8x16_splat(first)), wasm_i8x16_splat(count)));
}

/* How many of the lowest bits are set, of 16. */
INLINE u32 ones(u32 bits) { return __builtin_ctz(~bits | 0x10000); }

/* End of the characters with any of these bits; `of_ascii`: which ASCII letters have them. */
INLINE const u8 *run_of(const u8 *at, u32 bits, u32 of_ascii) {
  for (;;) {
    v128_t bytes = wasm_v128_load(at);
    if (of_ascii == LETTER) bytes = wasm_v128_or(bytes, wasm_i8x16_splat(0x20));
    u32 length = ones(bytes_within(bytes, of_ascii == UPPER ? 'A' : 'a', 26));
    at += length;
    if (length == 16) continue;
    if (*at < 0x80) return at;
    do {
      u32 width;
      if (!(class_at(at, &width) & bits)) return at;
      at += width;
    } while (*at >= 0x80);
  }
}

INLINE const u8 *letters_from(const u8 *at) { return run_of(at, LETTER, LETTER); }

NOINLINE const u8 *numbers_from(const u8 *at, u32 most) {
  u32 width;
  for (u32 count = 0; count < most && at < end && class_at(at, &width) & NUMBER; count++) at += width;
  return at;
}

NOINLINE const u8 *others_from(const u8 *at) {
  u32 width;
  while (at < end && !(class_at(at, &width) & (LETTER | NUMBER | SPACE))) at += width;
  return at;
}

INLINE const u8 *line_ends_from(const u8 *at, u32 slashes) {
  while (at < end && (*at == '\n' || *at == '\r' || (slashes && *at == '/'))) at++;
  return at;
}

/* White space that goes before nothing: \s*[\r\n]+|\s+(?!\S)|\s+, or without line ends of their own. */
NOINLINE const u8 *spaces_from(const u8 *start, u32 has_lines) {
  const u8 *at = start, *last = start, *lines = start;
  while (at < end) {
    u32 width, kind = class_at(at, &width);
    if (!(kind & SPACE)) break;
    last = at;
    at += width;
    if (kind & NEWLINE) lines = at;
  }
  u32 width, is_last = at == end || class_at(at, &width) & apart;
  if (is_last && (keeps_tail || !has_lines)) return at;
  if (has_lines && lines > start) return lines;
  return is_last || last == start ? at : last;
}

/* Length of the contraction that begins with an apostrophe there; 0: none. With `folds` in any case, with U+017F for s. */
INLINE u32 contraction(const u8 *at, u32 folds) {
  u32 fold = folds ? 0x20 : 0, first = at[1] | fold, second = at[2] | fold;
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return 2;
  if ((first == 'l' && second == 'l') || (first == 'v' && second == 'e') || (first == 'r' && second == 'e')) return 3;
  return folds && at[1] == 0xc5 && at[2] == 0xbf ? 3 : 0;
}

INLINE const u8 *others_or_spaces(const u8 *at, u32 kind, const u8 *second, u32 slashes) {
  u32 width;
  const u8 *start = *at == ' ' ? second : at;
  u32 is_other = !(kind & SPACE) || (*at == ' ' && second < end && !(class_at(second, &width) & (LETTER | NUMBER | SPACE)));
  return is_other ? line_ends_from(others_from(start), slashes) : spaces_from(at, 1);
}

INLINE const u8 *gpt2_piece(const u8 *at) {
  if (*at == '\'') {
    u32 length = contraction(at, 0);
    if (length) return at + length;
  }
  const u8 *start = *at == ' ' ? at + 1 : at;
  u32 width, kind = start < end ? class_at(start, &width) : SPACE;
  if (LIKELY(kind & LETTER)) return letters_from(start);
  if (kind & NUMBER) return numbers_apart && start > at ? start : numbers_from(start, digits_max);
  return kind & SPACE ? spaces_from(at, 0) : others_from(start);
}

INLINE const u8 *cl100k_piece(const u8 *at) {
  if (*at == '\'') {
    u32 length = contraction(at, 1);
    if (length) return at + length;
  }
  u32 width, next_width, kind = class_at(at, &width);
  if (kind & LETTER) return letters_from(at);
  if (kind & NUMBER) return numbers_from(at, digits_max);
  const u8 *second = at + width;
  if (LIKELY(!(kind & NEWLINE) && second < end && class_at(second, &next_width) & LETTER)) return letters_from(second);
  return others_or_spaces(at, kind, second, 0);
}

/* upper*lower+; 0: there is none. Where no lower case follows, the last letter that is both ends it. */
NOINLINE const u8 *mixed_word(const u8 *at) {
  const u8 *both = 0;
  u32 width;
  while (at < end) {
    u32 kind = class_at(at, &width);
    if (!(kind & UPPER)) break;
    at += width;
    if (kind & LOWER) both = at;
  }
  const u8 *word = run_of(at, LOWER, LOWER);
  return word > at ? word : both;
}

/* upper+lower* where there is no upper*lower+; 0: there is none. */
NOINLINE const u8 *upper_word(const u8 *start) {
  const u8 *word = run_of(start, UPPER, UPPER);
  return word > start ? word : 0;
}

INLINE const u8 *o200k_piece(const u8 *at) {
  u32 width, kind = class_at(at, &width);
  if (kind & NUMBER) return numbers_from(at, digits_max);
  const u8 *second = at + width, *word = 0;
  u32 may_stand = !(kind & (LETTER | NEWLINE));
  /* Of a word of ASCII upper case, then lower case, behind one character or none, both alternatives end in the same place. */
  if (LIKELY(!(kind & NEWLINE) && (kind & LETTER || !(kind & (UPPER | LOWER))))) {
    const u8 *start = may_stand ? second : at;
    v128_t bytes = wasm_v128_load(start);
    u32 length = ones(bytes_within(bytes, 'A', 26));
    length += ones(bytes_within(bytes, 'a', 26) >> length);
    if (LIKELY(length > 0 && length < 16 && start[length] < 0x80)) word = start + length;
  }
  if (!word) {
    if (may_stand) word = mixed_word(second);
    if (!word && kind & (UPPER | LOWER)) word = mixed_word(at);
    if (!word && may_stand) word = upper_word(second);
    if (!word && kind & (UPPER | LOWER)) word = upper_word(at);
    if (!word) return others_or_spaces(at, kind, second, 1);
  }
  return *word == '\'' && !contractions_apart ? word + contraction(word, 1) : word;
}

INLINE u32 is_ascii_letter(u8 byte) { return (byte | 0x20u) - 'a' < 26; }

/* Ideographs were cut from all else before: what goes on is of the same kind. */
NOINLINE const u8 *alike_from(const u8 *at, u32 bits, u32 own) {
  u32 width, kind;
  while (at < end && (kind = class_at(at, &width)) & bits && (kind & IDEOGRAPH) == own) at += width;
  return at;
}

/* What the pattern of DeepSeek does not match; the last of it goes with letters behind it. */
NOINLINE const u8 *unmatched_from(const u8 *start, u32 own) {
  const u8 *at = start, *last = start;
  u32 width;
  while (at < end && class_at(at, &width) == own) {
    last = at;
    at += width;
  }
  return last > start && alike_from(at, UPPER | LOWER, own) > at ? last : at;
}

INLINE const u8 *deepseek_piece(const u8 *at) {
  u32 width, kind = class_at(at, &width), own = kind & IDEOGRAPH;
  if (kind & NUMBER) return numbers_from(at, digits_max);
  const u8 *second = at + width;
  if (kind & SYMBOL && *at < 0x80 && is_ascii_letter(*second)) {
    while (is_ascii_letter(*second)) second++;
    return second;
  }
  const u8 *start = kind & (NEWLINE | LETTER | SYMBOL) ? at : second, *word = start;
  while (is_ascii_letter(*word) && !own) word++;
  if (*word >= 0x80) word = alike_from(word, UPPER | LOWER, own);
  if (LIKELY(word > start)) return word;
  if (kind & (UPPER | LOWER)) return second;
  const u8 *others = *at == ' ' ? second : at, *symbols = alike_from(others, SYMBOL, own);
  if (symbols > others) return own ? symbols : line_ends_from(symbols, 0);
  return kind & SPACE ? spaces_from(at, 1) : unmatched_from(at, own);
}

/* ---- Merging ---- */

INLINE u32 hash_of_pair(u32 left, u32 right) {
  u32 mixed = left * 0x9e3779b1u + right * 0x85ebca6bu;
  return (mixed ^ mixed >> 15) * 0x9e3779b1u;
}

/* Where the home of a pair is full: it, or what is free, stands behind. */
NOINLINE u32 joined_behind(u64 key, u32 slot) {
  for (;; slot = (slot + 1) & pairs_mask) {
    u64 found = pairs[slot];
    if (!((found ^ key) << 22)) return (u32)(found >> 42);
    if (found >> 63) return NONE;
  }
}

/* By the hash of a pair. */
INLINE u32 may_join_at(u32 hash) { return may_join[hash >> 16] >> (hash >> 11 & 31) & 1; }

/* What a pair becomes that may be joined. */
INLINE u32 found_pair(u32 left, u32 right, u32 hash) {
  u32 slot = hash >> 8 & pairs_mask & ~1u;
  u64 key = left | (u64)right << 21, first = pairs[slot], second = pairs[slot + 1];
  u64 found = (first ^ key) << 22 ? second : first;
  if (LIKELY(!((found ^ key) << 22))) return (u32)(found >> 42);
  return second >> 63 ? NONE : joined_behind(key, (slot + 2) & pairs_mask);
}

INLINE u32 joined(u32 left, u32 right) {
  u32 hash = hash_of_pair(left, right);
  return may_join_at(hash) ? found_pair(left, right, hash) : NONE;
}

/* Bytes of a window, at most, unless what stands there needs a wider one. */
#define WINDOW 256
/* Of ranks: so many blocks are looked through for the lowest one; of more, each has its lowest in a list. */
#define BLOCK 16
#define DIRECT 4
/* Stands before the first part and behind the last one, and joins nothing. */
#define NOTHING 0x1fffffu
typedef struct {
  u32 *rank, *lowest, *id, *next, *previous, *place;
} Window;

static u32 usual[5 * (WINDOW + BLOCK) + BLOCK] __attribute__((aligned(16)));

INLINE u32 blocks_of(u32 count) { return (count + BLOCK - 1) / BLOCK; }

/* Room for so many bytes; 0: the memory does not grow any more. */
NOINLINE u32 open_window(Window *window, u32 count) {
  u32 *at = usual, wide = blocks_of(count + 1) * BLOCK, lows = blocks_of(wide / BLOCK) * BLOCK;
  if (count > WINDOW) {
    u64 needed = (u64)(u32)beyond + 4ull * (5ull * wide + lows + 1);
    u64 has = (u64)__builtin_wasm_memory_size(0) * PAGE_BYTES;
    if (needed > has && __builtin_wasm_memory_grow(0, (needed - has + PAGE_BYTES - 1) / PAGE_BYTES) == (__SIZE_TYPE__)-1) return 0;
    at = (u32 *)beyond;
  }
  window->rank = at;
  window->lowest = at + wide;
  window->id = window->lowest + lows;
  window->next = window->id + wide;
  window->previous = window->next + wide;
  window->place = window->previous + wide;
  return 1;
}

INLINE u32 lowest_lane(v128_t of) {
  of = wasm_u32x4_min(of, wasm_i32x4_shuffle(of, of, 2, 3, 0, 1));
  of = wasm_u32x4_min(of, wasm_i32x4_shuffle(of, of, 1, 0, 3, 2));
  return wasm_i32x4_extract_lane(of, 0);
}

/* The lowest of a block. */
INLINE v128_t lowest_four(const u32 *ranks) {
  v128_t a = wasm_u32x4_min(wasm_v128_load(ranks), wasm_v128_load(ranks + 4));
  return wasm_u32x4_min(a, wasm_u32x4_min(wasm_v128_load(ranks + 8), wasm_v128_load(ranks + 12)));
}
INLINE u32 lowest_of(const u32 *ranks) { return lowest_lane(lowest_four(ranks)); }

/* Which of a block are a rank, as bits. */
INLINE u32 places_of(const u32 *ranks, u32 rank) {
  v128_t wanted = wasm_i32x4_splat(rank);
  v128_t a = wasm_i16x8_narrow_i32x4(wasm_i32x4_eq(wasm_v128_load(ranks), wanted), wasm_i32x4_eq(wasm_v128_load(ranks + 4), wanted));
  v128_t b = wasm_i16x8_narrow_i32x4(wasm_i32x4_eq(wasm_v128_load(ranks + 8), wanted), wasm_i32x4_eq(wasm_v128_load(ranks + 12), wanted));
  return wasm_i8x16_bitmask(wasm_i8x16_narrow_i16x8(a, b));
}

/* The first place of a rank in a block; as many as it has: nowhere. */
INLINE u32 place_of(const u32 *ranks, u32 rank) { return __builtin_ctz(places_of(ranks, rank) | 1 << BLOCK); }

/* Makes the pair of this lowest rank one; which others' rank changed is said. */
INLINE void join(const Window *w, u32 rank, u32 at, u32 *gone, u32 *before) {
  u32 right = w->next[at], after = w->next[right], left = w->previous[at];
  u32 with_left = joined(w->id[left], rank), with_after = joined(rank, w->id[after]);
  w->id[at] = rank;
  w->next[at] = after;
  w->previous[after] = at;
  w->rank[right] = NONE;
  w->rank[at] = with_after;
  w->rank[left] = with_left;
  *gone = right;
  *before = left;
}

/*
 * Bytes, or two of them where nothing beside these can come before they become one: so never the next two. With the ranks of bytes; which other neighbours are
 * to be looked up is told, first of all perhaps one before the first part. Hardly a branch: what stands there cannot be foretold. Returns how many parts.
 */
INLINE u32 first_parts(const Window *w, const u8 *bytes, u32 length, u32 *wanted, u32 *others) {
  u32 count = 0, was_sure = 0, is_two = 0, before = NONE, number = 0;
  u32 pair = bytes[0] << 8 | bytes[1];
  for (u32 at = 0; at < length; at++) {
    u32 next_pair = (pair << 8 | bytes[at + 2]) & 0xffff;
    u32 found = at + 1 < length ? byte_pairs[pair] : NONE, after = at + 2 < length ? after_pairs[next_pair] : NONE;
    u32 rank = found == NONE ? NONE : found & ~HASTY, sure = (found < before) & (found < after) & (found < HASTY), begins = was_sure ^ 1;
    w->place[count] = at;
    w->id[count] = sure ? rank : pair >> 8;
    w->rank[count] = rank;
    wanted[number] = count - 1;
    number += begins & (is_two | sure);
    count += begins;
    is_two = begins ? sure : is_two;
    before = before_pairs[pair];
    was_sure = sure;
    pair = next_pair;
  }
  w->place[count] = length;
  w->id[count] = NOTHING;
  wanted[number] = count - 1;
  number += is_two;
  *others = number;
  return count;
}

/* As long as there is a lowest rank among so many blocks. */
INLINE void merge_directly(const Window *w, u32 blocks) {
  for (;;) {
    v128_t lowest = lowest_four(w->rank);
    for (u32 n = 1; n < blocks; n++) lowest = wasm_u32x4_min(lowest, lowest_four(w->rank + BLOCK * n));
    u32 rank = lowest_lane(lowest), gone, before;
    if (rank == NONE) return;
    u64 places = 0;
    for (u32 n = 0; n < blocks; n++) places |= (u64)places_of(w->rank + BLOCK * n, rank) << BLOCK * n;
    join(w, rank, __builtin_ctzll(places), &gone, &before);
  }
}

NOINLINE void merge_by_blocks(const Window *w, u32 lows) {
  u32 tops = blocks_of(lows), gone, before;
  for (u32 n = 0; n < lows; n++) w->lowest[n] = lowest_of(w->rank + BLOCK * n);
  for (u32 n = lows; n < tops * BLOCK; n++) w->lowest[n] = NONE;
  for (;;) {
    v128_t lowest = lowest_four(w->lowest);
    for (u32 n = 1; n < tops; n++) lowest = wasm_u32x4_min(lowest, lowest_four(w->lowest + BLOCK * n));
    u32 rank = lowest_lane(lowest), block = 0, within;
    if (rank == NONE) return;
    while ((within = place_of(w->lowest + block, rank)) == BLOCK) block += BLOCK;
    block += within;
    /* As long as nothing lower comes of it, the next of that rank is the lowest still. */
    do {
      u32 at = BLOCK * block + place_of(w->rank + BLOCK * block, rank);
      join(w, rank, at, &gone, &before);
      w->lowest[block] = lowest_of(w->rank + BLOCK * block);
      if (gone / BLOCK != block) w->lowest[gone / BLOCK] = lowest_of(w->rank + gone / BLOCK * BLOCK);
      if (before / BLOCK != block) w->lowest[before / BLOCK] = lowest_of(w->rank + before / BLOCK * BLOCK);
    } while (w->lowest[block] == rank && w->rank[before] > rank);
  }
}

/* Merges bytes as far as they go. Returns how many parts there were at first: one behind the last one's number. */
INLINE u32 merge_window(const Window *w, const u8 *bytes, u32 length) {
  /* Until parts are linked. */
  u32 *wanted = w->next, *hashes = w->previous;
  u32 others, may = 0, count = first_parts(w, bytes, length, wanted, &others), blocks = blocks_of(count + 1);
  for (u32 n = count; n < blocks * BLOCK; n++) w->rank[n] = NONE;
  for (u32 n = wanted[0] == NONE; n < others; n++) {
    u32 at = wanted[n], hash = hash_of_pair(w->id[at], w->id[at + 1]);
    w->rank[at] = NONE;
    wanted[may] = at;
    hashes[may] = hash;
    may += may_join_at(hash);
  }
  for (u32 n = 0; n < may; n++) w->rank[wanted[n]] = found_pair(w->id[wanted[n]], w->id[wanted[n] + 1], hashes[n]);
  for (u32 n = 0; n < count; n++) {
    w->next[n] = n + 1;
    w->previous[n] = n - 1;
  }
  w->previous[0] = count;
  w->next[count] = 0;
  if (LIKELY(blocks == 1)) merge_directly(w, 1);
  else if (blocks == 2) merge_directly(w, 2);
  else if (blocks == 3) merge_directly(w, 3);
  else if (blocks == DIRECT) merge_directly(w, DIRECT);
  else merge_by_blocks(w, blocks);
  return count;
}

INLINE u32 same_bytes(const u8 *a, const u8 *b, u32 length) {
  u32 n = 0;
  for (; n + 16 <= length; n += 16)
    if (!wasm_i8x16_all_true(wasm_i8x16_eq(wasm_v128_load(a + n), wasm_v128_load(b + n)))) return 0;
  while (n < length && a[n] == b[n]) n++;
  return n == length;
}

/*
 * As PlainMerge goes through a piece. Of a run of spaces or dashes each window is the one before, which stands merged already. Where a window was too narrow, so that
 * the one behind it makes another token of its last one, it is made again, wider; 0: the one before it was too narrow too.
 */
NOINLINE u32 *merge_through(u32 width, const u8 *start, const u8 *stop, u32 *out) {
  const u8 *from = start, *last_end = start, *merged = start, *from_before = 0, *last_before = 0;
  u32 *out_before = out, least = width;
  Window window;
  for (u32 merged_length = 0, count = 0, opened = 0;;) {
    u32 left = stop - from, length = left < width ? left : width, at = 0;
    if (length > opened && !open_window(&window, length)) __builtin_trap();
    if (length > opened) opened = length > WINDOW ? length : WINDOW;
    const Window *w = &window;
    if (length != merged_length || !same_bytes(from, merged, length)) count = merge_window(w, from, length);
    merged = from;
    merged_length = length;
    if (last_end > from) {
      at = w->next[0];
      if (from + w->place[at] != last_end) {
        if (!from_before) return 0;
        from = from_before;
        last_end = last_before;
        out = out_before;
        from_before = 0;
        width *= 2;
        merged_length = 0;
        continue;
      }
    }
    from_before = from;
    last_before = last_end;
    out_before = out;
    const u8 *sure = length == left ? stop : from + width - width / 16, *begin = from;
    while (at < count && begin + w->place[w->next[at]] <= sure) {
      *out++ = outer[w->id[at]];
      from = begin + w->place[at];
      at = w->next[at];
      last_end = begin + w->place[at];
    }
    if (last_end == stop) return out;
    if (last_end == last_before) {
      width *= 2;
      merged_length = 0;
    } else if (width > least && (u32)(last_end - from) < least / 4) width = least;
  }
}

NOINLINE u32 *merge(const u8 *start, const u8 *stop, u32 *out) {
  for (u32 width = WINDOW;; width *= 2) {
    u32 *made = merge_through(width, start, stop, out);
    if (made) return made;
  }
}

/* The token that the piece is as it stands, though merging would never make it; NONE: it is none. */
NOINLINE u32 whole_token(const u8 *start, const u8 *stop) {
  u32 hash = 0x811c9dc5u, length = stop - start;
  for (const u8 *at = start; at < stop; at++) hash = (hash ^ *at) * 0x01000193u;
  for (u32 slot = (hash ^ hash >> 15) & whole_mask; whole_slots[slot]; slot = (slot + 1) & whole_mask) {
    u32 token = whole_slots[slot] - 1, from = whole_starts[token];
    if (whole_starts[token + 1] - from != length) continue;
    u32 n = 0;
    while (n < length && whole_bytes[from + n] == start[n]) n++;
    if (n == length) return whole_ids[token];
  }
  return NONE;
}

INLINE u32 *tokens_of(const u8 *start, const u8 *stop, u32 *out) {
  if (stop - start == 1) {
    *out = outer[*start];
    return out + 1;
  }
  if (whole_count) {
    u32 token = whole_token(start, stop);
    if (token != NONE) {
      *out = token;
      return out + 1;
    }
  }
  return merge(start, stop, out);
}

/* ---- What is remembered ---- */

/* A piece with zeros behind and its length in the last byte, then its tokens, their number above the first. Two in a set: the one that came last stands first. */
#define SHORT_BYTES 15
#define SHORT_TOKENS 4
#define SHORT_BITS 17
typedef struct { v128_t key, tokens; } Short;
static Short shorts[2 << SHORT_BITS];

#define LONG_BYTES 63
#define LONG_TOKENS 16
#define LONG_BITS 13
typedef struct { v128_t key[4], tokens[4]; } Long;
static Long longs[1 << LONG_BITS];

static v128_t first_bytes[17];
static v128_t lengths[16];

INLINE v128_t ids_of(v128_t tokens) { return wasm_v128_and(tokens, wasm_i32x4_splat(0xffffff)); }
INLINE u32 same(v128_t a, v128_t b) { return wasm_i8x16_all_true(wasm_i8x16_eq(a, b)); }
INLINE u64 mix(v128_t key, u64 seed) {
  u64 hash = ((u64)wasm_i64x2_extract_lane(key, 0) ^ seed) * 0x9e3779b97f4a7c15ull ^ (u64)wasm_i64x2_extract_lane(key, 1);
  hash = (hash ^ hash >> 32) * 0xd6e8feb86659fd93ull;
  return hash ^ hash >> 29;
}

NOINLINE u32 *learn_short(Short *set, v128_t key, const u8 *start, const u8 *stop, u32 *out) {
  u32 *made = tokens_of(start, stop, out), count = made - out;
  if (count > SHORT_TOKENS) return made;
  set[1] = set[0];
  set[0].key = key;
  /* What stands behind the tokens does not count. */
  set[0].tokens = wasm_v128_or(ids_of(wasm_v128_load(out)), wasm_i32x4_make(count << 24, 0, 0, 0));
  return made;
}

INLINE v128_t short_key(const u8 *start, u32 length) {
  return wasm_v128_or(wasm_v128_and(wasm_v128_load(start), first_bytes[length]), lengths[length]);
}

INLINE Short *short_set(v128_t key) { return shorts + ((u32)(mix(key, 0) >> (64 - SHORT_BITS)) << 1); }

INLINE u32 *encode_short(v128_t key, Short *set, const u8 *start, const u8 *stop, u32 *out) {
  if (LIKELY(same(set[0].key, key))) {
  } else if (same(set[1].key, key)) set++;
  else return learn_short(set, key, start, stop, out);
  wasm_v128_store(out, ids_of(set->tokens));
  return out + ((u32)wasm_i32x4_extract_lane(set->tokens, 0) >> 24);
}

NOINLINE u32 *encode_long(const u8 *start, const u8 *stop, u32 *out) {
  u32 length = stop - start;
  v128_t key[4];
  u64 hash = 0;
  for (u32 n = 0; n < 4; n++) {
    u32 has = length > 16 * n ? length - 16 * n : 0;
    key[n] = wasm_v128_and(wasm_v128_load(start + 16 * n), first_bytes[has < 16 ? has : 16]);
    if (n == 3) key[n] = wasm_v128_or(key[n], wasm_i8x16_make(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, length));
    hash = mix(key[n], hash);
  }
  Long *known = longs + (u32)(hash >> (64 - LONG_BITS));
  if (same(known->key[0], key[0]) && same(known->key[1], key[1]) && same(known->key[2], key[2]) && same(known->key[3], key[3])) {
    for (u32 n = 0; n < 4; n++) wasm_v128_store(out + 4 * n, ids_of(known->tokens[n]));
    return out + ((u32)wasm_i32x4_extract_lane(known->tokens[0], 0) >> 24);
  }
  u32 *made = tokens_of(start, stop, out), count = made - out;
  if (count > LONG_TOKENS) return made;
  for (u32 n = 0; n < 4; n++) {
    known->key[n] = key[n];
    known->tokens[n] = ids_of(wasm_v128_load(out + 4 * n));
  }
  known->tokens[0] = wasm_v128_or(known->tokens[0], wasm_i32x4_make(count << 24, 0, 0, 0));
  return made;
}

/* ---- Texts ---- */

#define BATCH 32
static v128_t keys[BATCH];
static Short *sets[BATCH];
static const u8 *stops[BATCH];
/* So that what is read ahead is read. */
static volatile u32 touched;

/* Where the next pieces are remembered is read for all of them before any is looked at: memory is far away. */
INLINE u32 *encode_pieces(const u8 *at, u32 *out, u32 of) {
  while (at < end) {
    const u8 *start = at;
    u32 count = 0, touch = 0;
    for (; count < BATCH && at < end; count++) {
      const u8 *stop = of == GPT2 ? gpt2_piece(at) : of == CL100K ? cl100k_piece(at) : of == O200K ? o200k_piece(at) : deepseek_piece(at);
      u32 length = stop - at;
      if (LIKELY(length <= SHORT_BYTES)) {
        keys[count] = short_key(at, length);
        sets[count] = short_set(keys[count]);
        touch += *(u32 *)sets[count];
      }
      stops[count] = at = stop;
    }
    touched = touch;
    for (u32 n = 0; n < count; n++) {
      const u8 *stop = stops[n];
      u32 length = stop - start;
      out = LIKELY(length <= SHORT_BYTES) ? encode_short(keys[n], sets[n], start, stop, out)
          : length <= LONG_BYTES          ? encode_long(start, stop, out)
                                          : tokens_of(start, stop, out);
      start = stop;
    }
  }
  return out;
}

/* How the tables lie, by their addresses; a mask is the number of slots less one. */
EXPORT(configure) void configure(const u8 *of_pages, const u8 *of_blocks, u32 of_family, u32 most_digits, u32 rules, const u64 *of_pairs, u32 mask_of_pairs, const u32 *numbers, const u32 *before, const u32 *after) {
  pages = of_pages;
  blocks = of_blocks;
  family = of_family;
  digits_max = most_digits ? most_digits : NONE;
  keeps_tail = rules & KEEPS_TAIL;
  numbers_apart = rules & NUMBERS_APART;
  contractions_apart = rules & CONTRACTIONS_APART;
  apart = family == DEEPSEEK ? NUMBER | IDEOGRAPH : numbers_apart ? NUMBER : 0;
  pairs = of_pairs;
  pairs_mask = mask_of_pairs;
  outer = numbers;
  before_pairs = before;
  after_pairs = after;
  for (u32 slot = 0; slot <= pairs_mask; slot++) {
    u64 entry = pairs[slot];
    if (entry >> 63) continue;
    u32 left = entry & 0x1fffff, right = entry >> 21 & 0x1fffff, become = entry >> 42, hash = hash_of_pair(left, right);
    if (left > become) hasty[left >> 5] |= 1u << (left & 31);
    if (right > become) hasty[right >> 5] |= 1u << (right & 31);
    may_join[hash >> 16] |= 1u << (hash >> 11 & 31);
  }
  for (u32 byte = 0; byte < 128; byte++) ascii[byte] = blocks[pages[0] << 7 | byte];
  for (u32 left = 0; left < 256; left++)
    for (u32 right = 0; right < 256; right++) {
      u32 become = joined(left, right);
      if (become != NONE && hasty[become >> 5] >> (become & 31) & 1) become |= HASTY;
      byte_pairs[left << 8 | right] = become;
    }
  for (u32 length = 0; length <= 16; length++)
    for (u32 byte = 0; byte < 16; byte++) {
      ((u8 *)&first_bytes[length])[byte] = byte < length ? 0xff : 0;
      if (length < 16) ((u8 *)&lengths[length])[byte] = byte == 15 ? length : 0;
    }
}

/* Tokens that only whole pieces become. */
EXPORT(configure_wholes) void configure_wholes(u32 count, const u32 *starts, const u8 *bytes, const u32 *ids, const u32 *slots, u32 mask) {
  whole_count = count;
  whole_starts = starts;
  whole_bytes = bytes;
  whole_ids = ids;
  whole_slots = slots;
  whole_mask = mask;
}

/* Tokens that short pieces are: remembered before the first text, the most frequent at last. */
EXPORT(know) void know(const u32 *starts, const u8 *bytes, u32 count) {
  for (u32 token = count - 1; token >= 256; token--) {
    u32 length = starts[token + 1] - starts[token];
    if (length > SHORT_BYTES) continue;
    v128_t key = short_key(bytes + starts[token], length);
    Short *set = short_set(key);
    set[1] = set[0];
    set[0].key = key;
    set[0].tokens = wasm_i32x4_make(outer[token] | 1 << 24, 0, 0, 0);
  }
}

/* Tokens of a text into `out`, which has room for one a byte and 16 more. Returns how many. */
EXPORT(encode) u32 encode(const u8 *text, u32 length, u32 *out) {
  end = text + length;
  beyond = (u8 *)(((u32)(out + length + 16) + 15) & ~15u);
  u32 *made = family == GPT2 ? encode_pieces(text, out, GPT2) : family == CL100K ? encode_pieces(text, out, CL100K) : family == O200K ? encode_pieces(text, out, O200K) : encode_pieces(text, out, DEEPSEEK);
  return made - out;
}
