// Tracks which datagrams are in flight, answered, or lost.
//
// Every datagram has a sequence number of its own. It is given up as lost when many later ones have been answered, or
// after GIVE_UP_NS. So a loss is noticed soon, another datagram takes its place in the window, and the measurement
// never stalls.
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { FLIGHT_SLOTS = 1 << 22 };              // more than any server answers in two periods of GIVE_UP_NS
#define GIVE_UP_NS UINT64_C(100000000)        // a loss is noticed after one to two periods

enum fate { UNSENT, IN_FLIGHT, ANSWERED, LOST };

struct tally {                                // counts of datagrams: sent = answered + lost + in flight
  uint64_t sent, answered, lost;
  uint64_t late, duplicate;                   // answered after they were given up; answered twice
};

struct flight {
  uint8_t fate[FLIGHT_SLOTS];                 // by sequence number, modulo FLIGHT_SLOTS
  uint64_t in_flight;
  struct tally tally;
  uint64_t next;                              // the next sequence number
  uint64_t oldest;                            // all before it are answered or lost
  uint64_t newest_answered;
  uint64_t reorder;                           // by how many datagrams replies may overtake each other
  uint64_t mark, mark_before;                 // `next` at the last two ticks
  uint64_t tick_ns;
};

// Records that the datagram with the sequence number `next` was sent.
static inline void flight_sent(struct flight *f) {
  f->fate[f->next++ % FLIGHT_SLOTS] = IN_FLIGHT;
  f->tally.sent++;
  f->in_flight++;
}

// Returns false for a sequence number that was never sent, or long ago.
static inline bool flight_answered(struct flight *f, uint64_t sequence) {
  if (sequence >= f->next || f->next - sequence > FLIGHT_SLOTS) return false;
  uint8_t *fate = &f->fate[sequence % FLIGHT_SLOTS];
  if (*fate == ANSWERED) {
    f->tally.duplicate++;
    return true;
  }
  if (*fate == LOST) {
    f->tally.lost--;
    f->tally.late++;
  } else {
    f->in_flight--;
  }
  *fate = ANSWERED;
  f->tally.answered++;
  if (sequence > f->newest_answered) f->newest_answered = sequence;
  return true;
}

static inline void flight_give_up(struct flight *f, uint64_t now_ns) {
  if (now_ns >= f->tick_ns) {
    f->tick_ns = now_ns + GIVE_UP_NS;
    f->mark_before = f->mark;
    f->mark = f->next;
  }
  for (; f->oldest < f->next; f->oldest++) {
    uint8_t *fate = &f->fate[f->oldest % FLIGHT_SLOTS];
    if (*fate != IN_FLIGHT) continue;
    if (f->oldest >= f->mark_before && f->newest_answered < f->oldest + f->reorder) return;
    *fate = LOST;
    f->tally.lost++;
    f->in_flight--;
  }
}

// Returns whether there is room for `count` more sequence numbers. Only a server that withholds replies exhausts it.
static inline bool flight_has_room(const struct flight *f, uint64_t count) {
  return f->next + count - f->oldest < FLIGHT_SLOTS;
}
