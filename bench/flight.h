// Which datagrams are on their way, which came back, which are lost.
//
// Datagrams carry a sequence number that never repeats. A datagram is given up as lost when many later
// ones came back before it, or when it stayed away for GIVE_UP_NS: so a loss is noticed soon, is replaced
// in the window, and never stalls the measurement.
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { FLIGHT_SLOTS = 1 << 22 };              // more than any server can answer in two periods of GIVE_UP_NS
#define GIVE_UP_NS UINT64_C(100000000)        // 100 ms; a loss is noticed after one to two such periods

enum fate { UNSENT, IN_FLIGHT, ANSWERED, LOST };

struct tally {                                // of datagrams; sent = answered + lost + in flight
  uint64_t sent, answered, lost;
  uint64_t late, duplicate;                   // came back after they were given up; came back twice
};

struct flight {
  uint8_t fate[FLIGHT_SLOTS];                 // by sequence number, modulo FLIGHT_SLOTS
  uint64_t in_flight;
  struct tally tally;
  uint64_t next;                              // the sequence number to be sent next
  uint64_t oldest;                            // everything before it is settled
  uint64_t newest_answered;
  uint64_t reorder;                           // how far replies may overtake each other, in datagrams
  uint64_t mark, mark_before;                 // `next` as it was at the last two ticks of the period
  uint64_t tick_ns;
};

// Call it once for every datagram handed to the kernel; it takes the sequence number `next`.
static inline void flight_sent(struct flight *f) {
  f->fate[f->next++ % FLIGHT_SLOTS] = IN_FLIGHT;
  f->tally.sent++;
  f->in_flight++;
}

// False for a sequence number that was never sent or is long settled.
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

// Room for `count` more sequence numbers; only a server that answers some and holds back others runs out of it.
static inline bool flight_has_room(const struct flight *f, uint64_t count) {
  return f->next + count - f->oldest < FLIGHT_SLOTS;
}
