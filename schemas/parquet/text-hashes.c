/*
 * XXH64 with seed 0 (xxHash specification §XXH64) of texts one behind another in PLAIN encoding: four bytes of length, then the bytes.
 * Freestanding: no library, no allocation. A piece of a page is put at piece(), then hash(bytes); what it returns was taken, and count() hashes
 * stand at hashes(). A text that is not whole begins the next piece.
 * Built by schemas/build-wasm.sh to text-hashes.wasm.
 */
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

#define EXPORT(name) __attribute__((export_name(#name)))
#define PIECE 65536
#define P1 0x9E3779B185EBCA87ull
#define P2 0xC2B2AE3D27D4EB4Full
#define P3 0x165667B19E3779F9ull
#define P4 0x85EBCA77C2B2AE63ull
#define P5 0x27D4EB2F165667C5ull

static u8 piece_bytes[PIECE];
static u64 hash_of[PIECE / 4];
static u32 hashed;

EXPORT(piece) u8 *piece(void) { return piece_bytes; }
EXPORT(capacity) u32 capacity(void) { return PIECE; }
EXPORT(hashes) u64 *hashes(void) { return hash_of; }
EXPORT(count) u32 count(void) { return hashed; }

static u64 rotate(u64 word, int bits) { return word << bits | word >> (64 - bits); }
static u64 read64(const u8 *at) {
  u64 word;
  __builtin_memcpy(&word, at, 8);
  return word;
}
static u32 read32(const u8 *at) {
  u32 word;
  __builtin_memcpy(&word, at, 4);
  return word;
}
static u64 step(u64 lane, u64 word) { return rotate(lane + word * P2, 31) * P1; }
static u64 merge(u64 hash, u64 lane) { return (hash ^ step(0, lane)) * P1 + P4; }

static u64 xxh64(const u8 *at, u32 length) {
  const u8 *end = at + length;
  u64 hash = P5;
  if (length >= 32) {
    u64 a = P1 + P2, b = P2, c = 0, d = 0 - P1;
    for (; end - at >= 32; at += 32) {
      a = step(a, read64(at));
      b = step(b, read64(at + 8));
      c = step(c, read64(at + 16));
      d = step(d, read64(at + 24));
    }
    hash = rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18);
    hash = merge(merge(merge(merge(hash, a), b), c), d);
  }
  hash += length;
  for (; end - at >= 8; at += 8) hash = rotate(hash ^ step(0, read64(at)), 27) * P1 + P4;
  if (end - at >= 4) {
    hash = rotate(hash ^ read32(at) * P1, 23) * P2 + P3;
    at += 4;
  }
  for (; at < end; at++) hash = rotate(hash ^ *at * P5, 11) * P1;
  hash = (hash ^ hash >> 33) * P2;
  hash = (hash ^ hash >> 29) * P3;
  return hash ^ hash >> 32;
}

EXPORT(hash) u32 hash(u32 bytes) {
  u32 at = 0;
  hashed = 0;
  while (bytes - at >= 4) {
    u32 length = read32(piece_bytes + at);
    if (length > bytes - at - 4) break;
    hash_of[hashed++] = xxh64(piece_bytes + at + 4, length);
    at += 4 + length;
  }
  return at;
}
