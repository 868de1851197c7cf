package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
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

// peakMemory is the most memory that a running command has held. What wait tells of it when it has ended is no less than what this
// process held when it started the command (exec_mmap in Linux), so that it must be asked for meanwhile.
func peakMemory(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kB, _ := strconv.ParseInt(strings.Fields(value)[0], 10, 64) // else there is none
			return kB << 10
		}
	}
	return 0
}
