package main

import (
	"syscall"
	"time"
)

// busy is how long the calling thread has been on a processor: what else the machine does meanwhile
// does not count.
func busy() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_THREAD, &used); err != nil {
		panic(err) // it fails for wrong arguments only
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
