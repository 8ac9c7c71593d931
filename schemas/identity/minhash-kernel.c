/*
 * The MinHash signature of identity/minhash.ts, steps 2 to 5, over UTF-16 code units that are normalized already.
 * Freestanding: no library, no allocation; all memory is the arrays below, whatever the length of the text, which comes in pieces:
 * begin(), then for each piece: its units at units(), update(count); at the end finish(), then the rows at minima().
 * Built by schemas/build-wasm.sh to minhash-kernel.wasm.
 */
#include <wasm_simd128.h>

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;

#define EXPORT(name) __attribute__((export_name(#name)))
#define ROWS 112
#define UNITS 16384
#define WORDS_PER_SHINGLE 5
/* Vectors of four rows in one pass over the shingles: minima, multipliers and addends of a pass stay in registers. */
#define VECTORS 4

static u8 kind_of[65536];
static u16 fold_of[65536];
static u16 unit_buffer[UNITS];
/* A piece ends at most as many words as it has units; four words of the former piece go before them, and the last word may be an open one. */
static u32 words[UNITS + WORDS_PER_SHINGLE];
static u32 shingles[UNITS + WORDS_PER_SHINGLE];
static u32 minimum[ROWS] __attribute__((aligned(16)));
static u32 multiplier[ROWS] __attribute__((aligned(16)));
static u32 addend[ROWS] __attribute__((aligned(16)));

/* Words at the head of `words` that belong to the text but are in no finished shingle with what follows: at most four. */
static u32 kept;
static u32 any_shingle;
static u32 hash;
static u32 open;

/* 0 = between words, 1 = in a word, 2 = a word by itself; filled by the host. */
EXPORT(kinds) u8 *kinds(void) { return kind_of; }
/* What each unit folds to; filled by the host. */
EXPORT(folds) u16 *folds(void) { return fold_of; }
EXPORT(units) u16 *units(void) { return unit_buffer; }
EXPORT(capacity) u32 capacity(void) { return UNITS; }
EXPORT(minima) u32 *minima(void) { return minimum; }
EXPORT(multipliers) u32 *multipliers(void) { return multiplier; }
EXPORT(addends) u32 *addends(void) { return addend; }

EXPORT(begin) void begin(void) {
  kept = any_shingle = open = 0;
  for (u32 row = 0; row < ROWS; row++) minimum[row] = 0xffffffffu;
}

static void lower_minima(u32 count) {
  for (u32 row = 0; row < ROWS; row += 4 * VECTORS) {
    v128_t low[VECTORS], a[VECTORS], b[VECTORS];
#pragma clang loop unroll(full)
    for (u32 v = 0; v < VECTORS; v++) {
      low[v] = wasm_v128_load(minimum + row + 4 * v);
      a[v] = wasm_v128_load(multiplier + row + 4 * v);
      b[v] = wasm_v128_load(addend + row + 4 * v);
    }
    for (u32 at = 0; at < count; at++) {
      v128_t shingle = wasm_v128_load32_splat(shingles + at);
#pragma clang loop unroll(full)
      for (u32 v = 0; v < VECTORS; v++) low[v] = wasm_u32x4_min(low[v], wasm_i32x4_add(wasm_i32x4_mul(shingle, a[v]), b[v]));
    }
#pragma clang loop unroll(full)
    for (u32 v = 0; v < VECTORS; v++) wasm_v128_store(minimum + row + 4 * v, low[v]);
  }
}

static u32 shingle_hash(const u32 *word, u32 length) {
  u32 s = 0x9e3779b9u;
  for (u32 i = 0; i < length; i++) s = (((s << 5) | (s >> 27)) ^ word[i]) * 0x27d4eb2fu;
  s = (s ^ (s >> 16)) * 0x85ebca6bu;
  s = (s ^ (s >> 13)) * 0xc2b2ae35u;
  return s ^ (s >> 16);
}

/* Shingles of the first `count` words; the last four stay for what follows. A shingle that stands twice changes no minimum. */
static void take_words(u32 count) {
  if (count < WORDS_PER_SHINGLE) {
    kept = count;
    return;
  }
  u32 made = count - (WORDS_PER_SHINGLE - 1);
  for (u32 at = 0; at < made; at++) shingles[at] = shingle_hash(words + at, WORDS_PER_SHINGLE);
  lower_minima(made);
  any_shingle = 1;
  for (u32 i = 0; i < WORDS_PER_SHINGLE - 1; i++) words[i] = words[made + i];
  kept = WORDS_PER_SHINGLE - 1;
}

EXPORT(update) void update(u32 count) {
  u32 end = kept, h = hash, in = open;
  for (u32 at = 0; at < count; at++) {
    u32 unit = unit_buffer[at];
    u8 kind = kind_of[unit];
    if (kind == 1) {
      h = ((in ? h : 0x811c9dc5u) ^ fold_of[unit]) * 0x01000193u;
      in = 1;
      continue;
    }
    if (in) words[end++] = h;
    in = 0;
    if (kind == 2) words[end++] = (0x811c9dc5u ^ fold_of[unit]) * 0x01000193u;
  }
  hash = h;
  open = in;
  take_words(end);
}

EXPORT(finish) void finish(void) {
  u32 end = kept;
  if (open) words[end++] = hash;
  take_words(end);
  if (!any_shingle && kept > 0) {
    shingles[0] = shingle_hash(words, kept);
    lower_minima(1);
  }
}
