package district

import (
	"time"

	"hazgrid/safety"
)

// zone is the time of Rui'an: eight hours ahead of UTC, all the year.
func zone() *time.Location { return time.FixedZone("CST", 8*60*60) }

// lastDay is 31 December 2014 and lastMinute five in the afternoon: nothing happens after them.
const (
	lastDay    = 364
	lastMinute = 17 * 60
)

// moment returns an instant of local time: whole days from 1 January 2014, minutes into the day.
func moment(day, minute int) safety.Time {
	return safety.TimeOf(time.Date(2014, 1, 1+day, 0, minute, 0, 0, zone()))
}

// endOf returns the last millisecond of a day: what a deadline "by that date" means.
func endOf(day int) safety.Time { return moment(day+1, 0) - 1 }

// dayOf returns the day of an instant, 0 on 1 January 2014.
func dayOf(t safety.Time) int {
	return int((t - moment(0, 0)) / safety.Time(24*time.Hour/time.Millisecond))
}
