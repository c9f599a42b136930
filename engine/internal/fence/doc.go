// Package fence is a pair of memory fences of which one costs nothing, for what
// is told often and asked for seldom.
//
// Two goroutines that each store one word and then load the other's may both
// find the old value, unless a fence stands between the store and the load of
// each. A processor's fence costs as much as a small request's whole parsing. Here
// who stores often uses Publish, an ordinary store, and who asks seldom calls All
// in between, which has the kernel run a fence on every processor that the
// program is on (membarrier(2), MEMBARRIER_CMD_PRIVATE_EXPEDITED, Linux 4.14):
// a Publish that All overtook, and so whoever asks has not seen, is one whose
// goroutine will find in its next load what was stored before All.
//
// Where the kernel has no such call, before Register has returned, and under the
// race detector, which knows of no such thing, Publish is an atomic store, which
// is a fence itself, and All is none.
package fence
