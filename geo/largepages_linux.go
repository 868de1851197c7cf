package geo

import (
	"syscall"
	"unsafe"
)

// askForLargePages asks the system to hold memory, not yet written, in large pages where it does so for those who ask: in
// small ones each look into a raster of hundreds of megabytes costs one more into the page tables. Without them
// it is only slower.
func askForLargePages(words []uint32) {
	if cap(words) >= manyWords {
		bytes := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), 4*cap(words))
		_ = syscall.Madvise(bytes, syscall.MADV_HUGEPAGE)
	}
}
