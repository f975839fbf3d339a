// How long the kernel lets a thread go on before it looks for others.
#pragma once

namespace omni {

// Asks for 3 ms instead of 0.7 to 2.8: a worker is then seldom stopped between asking a server and
// going to sleep, where the answer would find it waiting for its next turn instead of waking it.
// Its share of the processor stays the same. Linux 6.12 and later (sched_setattr(2) of a
// SCHED_OTHER thread); elsewhere, and where it is forbidden, nothing happens. For the calling
// thread.
void ask_for_long_slice();

// While it is on, the calling thread leaves a processor to whoever has it until he sleeps or his
// slice is over, also when it is woken (SCHED_BATCH, sched(7)). Its slice and its share stay. False
// when the kernel refuses, or the thread runs under a policy that is not ours.
bool give_way(bool is_on);

}  // namespace omni
