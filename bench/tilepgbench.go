package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/paulmach/orb/maptile"
)

// martinRate is how fast PostGIS alone answers Martin's statement for random tiles of a list, by pgbench.
func (b *bench) martinRate(ctx context.Context, database string, list []maptile.Tile) (pace, error) {
	program, err := pgbenchProgram()
	if err != nil {
		return pace{}, err
	}
	script, err := b.config("martin.sql", pgbenchScript(list))
	if err != nil {
		return pace{}, err
	}
	logs, err := os.MkdirTemp(b.dir, "pgbench")
	if err != nil {
		return pace{}, err
	}
	span := max(1, int(b.span.Seconds()))
	cmd := exec.CommandContext(ctx, program, "-n", "-M", "prepared", "-c", strconv.Itoa(poolSize), "-j", "2", "-T", strconv.Itoa(span),
		"-f", script, "-l", "--log-prefix", filepath.Join(logs, "t"), database)
	said, err := cmd.CombinedOutput()
	if err != nil {
		return pace{}, fmt.Errorf("pgbench: %w: %s", err, said)
	}
	return pgbenchPace(string(said), logs)
}

// pgbenchProgram finds pgbench in PATH or among Debian's, the newest.
func pgbenchProgram() (string, error) {
	if p, err := exec.LookPath("pgbench"); err == nil {
		return p, nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/pgbench")
	if err != nil || len(found) == 0 {
		return "", errors.New("no pgbench: neither in PATH nor under /usr/lib/postgresql")
	}
	return slices.Max(found), nil
}

// pgbenchScript asks for a random tile of a list. The tile is found by halving, in pgbench: a look into a table would be
// the database's work.
func pgbenchScript(list []maptile.Tile) string {
	statement := strings.NewReplacer("$1", ":z", "$2", ":x", "$3", ":y", "\n", " ", "\t", "").Replace(martin)
	return fmt.Sprintf("\\set n random(0, %d)\n\\set t %s\n\\set z :t >> 40\n\\set x (:t >> 20) & 1048575\n\\set y :t & 1048575\n%s;\n",
		len(list)-1, halving(list, 0), statement)
}

func halving(list []maptile.Tile, first int) string {
	if len(list) == 1 {
		return strconv.FormatInt(int64(list[0].Z)<<40|int64(list[0].X)<<20|int64(list[0].Y), 10)
	}
	half := len(list) / 2
	return fmt.Sprintf("case when :n < %d then %s else %s end", first+half, halving(list[:half], first), halving(list[half:], first+half))
}

// pgbenchPace reads the rate from what pgbench says, and percentiles from its logs.
func pgbenchPace(said, logs string) (p pace, err error) {
	_, text, _ := strings.Cut(said, "tps = ")
	text, _, _ = strings.Cut(text, " ")
	if p.rate, err = strconv.ParseFloat(text, 64); err != nil {
		return p, fmt.Errorf("pgbench tells no rate: %s", said)
	}
	files, err := filepath.Glob(filepath.Join(logs, "*"))
	var took []time.Duration
	for _, file := range files {
		more, e := logged(file)
		took, err = append(took, more...), errors.Join(err, e)
	}
	if err == nil && len(took) == 0 {
		err = errors.New("pgbench logged nothing")
	}
	if err != nil {
		return p, err
	}
	p.p50, p.p99 = percentile(took, 0.5), percentile(took, 0.99)
	return p, nil
}

// logged reads the times of statements, the third number of each line, µs.
func logged(file string) (took []time.Duration, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // read only
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		us, err := strconv.ParseInt(strings.Fields(lines.Text())[2], 10, 64)
		if err != nil {
			return nil, err
		}
		took = append(took, time.Duration(us)*time.Microsecond)
	}
	return took, lines.Err()
}
