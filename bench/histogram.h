// A log-linear histogram of durations in a table of fixed size, as in HdrHistogram: 64 buckets for each power of two.
// The error of a value is below 1.6 %.
#pragma once
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

enum { SUB_BITS = 6, SUB_BUCKETS = 1 << SUB_BITS, BUCKETS = 40 * SUB_BUCKETS };

struct histogram {
  uint64_t count[BUCKETS];
  uint64_t total, max_ns;
};

static inline void histogram_add(struct histogram *h, uint64_t ns) {
  int shift = ns < 2 * SUB_BUCKETS ? 0 : 63 - __builtin_clzll(ns) - SUB_BITS;
  uint64_t bucket = (uint64_t)shift * SUB_BUCKETS + (ns >> shift);
  h->count[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
  h->total++;
  if (ns > h->max_ns) h->max_ns = ns;
}

// Returns the largest duration in the bucket.
static inline uint64_t histogram_bucket_ns(uint64_t bucket) {
  uint64_t shift = bucket < 2 * SUB_BUCKETS ? 0 : bucket / SUB_BUCKETS - 1;
  return ((bucket - shift * SUB_BUCKETS + 1) << shift) - 1;
}

// Prints [[nanoseconds, count], ...] in ascending order, without empty buckets.
static inline void histogram_print(const struct histogram *h) {
  const char *separator = "";
  putchar('[');
  for (uint64_t bucket = 0; bucket < BUCKETS; bucket++) {
    if (h->count[bucket] == 0) continue;
    printf("%s[%" PRIu64 ",%" PRIu64 "]", separator, histogram_bucket_ns(bucket), h->count[bucket]);
    separator = ",";
  }
  putchar(']');
}
