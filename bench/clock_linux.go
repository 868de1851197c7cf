package main

import (
	"syscall"
	"time"
)

// busy is how long the calling thread has been on a processor: what else the machine does meanwhile
// does not count.
func busy() time.Duration { return usage(syscall.RUSAGE_THREAD) }

// spent is how long all threads of this process have been on processors.
func spent() time.Duration { return usage(syscall.RUSAGE_SELF) }

func usage(who int) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(who, &used); err != nil {
		panic(err) // it fails for wrong arguments only
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
