//go:build !linux

package geo

func askForLargePages([]uint32) {}
