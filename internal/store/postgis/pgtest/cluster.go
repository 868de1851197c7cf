// Package pgtest gives tests and demonstrations a PostgreSQL server with PostGIS of their own.
//
// One throw-away cluster serves a test process; it listens on a Unix socket only, never meets
// a server that is already running, and ends with the process that asked for it, however that ends.
package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrAbsent says that no PostgreSQL server programs were found on this machine.
var ErrAbsent = errors.New("no PostgreSQL found (initdb is neither in PATH nor under /usr/lib/postgresql)")

// maxSocketPath is what a Unix socket address may hold on Linux, less the file's own name.
const maxSocketPath = 107 - len("/.s.PGSQL.5432")

// keeper runs the server as its child and ends it when its own standard input closes: that
// happens when the process at the other end closes it, returns, panics or is killed.
// Arguments: server program, data folder, socket folder, log file, folder to remove or "", settings.
const keeper = `postgres=$1 data=$2 socket=$3 log=$4 remove=$5; shift 5
"$postgres" -D "$data" -k "$socket" "$@" </dev/null >>"$log" 2>&1 &
pid=$!
trap '' INT TERM HUP
cat >/dev/null
if [ -n "$remove" ]; then kill -QUIT $pid; else kill -INT $pid; fi
wait $pid
[ -z "$remove" ] || rm -rf "$remove"`

// Start runs a cluster in dir and returns the URL of its database "postgres" and the function
// that ends it. A cluster already in dir is used again and keeps its data. With dir = "" it is
// a throw-away one: without fsync, removed when it ends. It ends with this process at the latest.
func Start(ctx context.Context, dir string) (url string, stop func(), err error) {
	c, err := prepare(ctx, dir)
	if err != nil {
		return "", nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	if stop, err = c.run(); err != nil {
		return "", nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	if err := c.wait(ctx); err != nil {
		stop()
		return "", nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	return c.url("postgres"), stop, nil
}

// cluster is a data folder and the user and programs that run it.
type cluster struct {
	bin   string // folder of initdb and postgres
	dir   string
	throw bool                 // throw-away
	as    *syscall.SysProcAttr // the user to run as; always in a session of its own, out of reach of ^C
}

func prepare(ctx context.Context, dir string) (*cluster, error) {
	c := &cluster{dir: dir, throw: dir == "", as: &syscall.SysProcAttr{Setsid: true}}
	var err error
	if c.bin, err = programs(); err != nil {
		return nil, err
	}
	if err := c.makeFolder(); err != nil {
		return nil, err
	}
	if len(c.dir) > maxSocketPath {
		return nil, fmt.Errorf("the folder's path %q is longer than a Unix socket allows (%d bytes)", c.dir, maxSocketPath)
	}
	if _, err := os.Stat(filepath.Join(c.data(), "PG_VERSION")); err == nil {
		return c, nil
	}
	return c, c.initdb(ctx)
}

// makeFolder makes the cluster's folder and, when we are root, gives it to the user postgres,
// because a PostgreSQL server refuses to run as root.
func (c *cluster) makeFolder() (err error) {
	switch {
	case !c.throw:
		if c.dir, err = filepath.Abs(c.dir); err == nil {
			err = os.MkdirAll(c.dir, 0o755)
		}
	default:
		parent := os.TempDir()
		if len(parent) > maxSocketPath-20 {
			parent = "/tmp"
		}
		c.dir, err = os.MkdirTemp(parent, "hgpg")
	}
	if err != nil || os.Geteuid() != 0 {
		return err
	}
	return c.becomePostgres()
}

func (c *cluster) becomePostgres() error {
	u, err := user.Lookup("postgres")
	if err != nil {
		return fmt.Errorf("running as root needs the user postgres: %w", err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return err
	}
	c.as.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return os.Chown(c.dir, int(uid), int(gid))
}

func (c *cluster) data() string { return filepath.Join(c.dir, "data") }

func (c *cluster) initdb(ctx context.Context) error {
	args := []string{"-D", c.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"}
	if c.throw {
		args = append(args, "--no-sync")
	}
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, "initdb"), args...)
	cmd.SysProcAttr, cmd.Dir = c.as, c.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, bytes.TrimSpace(out))
	}
	return nil
}

// run starts the keeper and, through it, the server. Neither inherits our standard output or
// error: a test run would wait for a server that holds them.
func (c *cluster) run() (stop func(), err error) {
	remove := ""
	settings := []string{"-c", "listen_addresses=", "-c", "jit=off", "-c", "max_connections=200"}
	if c.throw {
		remove = c.dir
		settings = append(settings, "-c", "fsync=off", "-c", "full_page_writes=off")
	}
	args := append([]string{
		"-c", keeper, "keeper", filepath.Join(c.bin, "postgres"), c.data(), c.dir, filepath.Join(c.dir, "server.log"), remove,
	}, settings...)
	cmd := exec.CommandContext(context.Background(), "/bin/sh", args...)
	cmd.SysProcAttr, cmd.Dir = c.as, "/"
	life, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	ended := make(chan struct{})
	go func() { // also keeps cmd and with it the pipe from being collected, which would close it
		defer close(ended)
		_ = cmd.Wait() // the status of a server told to end says nothing
	}()
	return func() {
		_ = life.Close() // fails only when it was closed before
		<-ended
	}, nil
}

// wait returns when the server answers.
func (c *cluster) wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, c.url("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-ctx.Done():
			log, _ := os.ReadFile(filepath.Join(c.dir, "server.log"))
			return fmt.Errorf("no answer: %w; its log: %s", err, bytes.TrimSpace(log))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (c *cluster) url(database string) string {
	return "postgres://postgres@/" + database + "?host=" + c.dir
}

// programs returns the folder of initdb: that in PATH, else the newest of Debian's.
func programs() (string, error) {
	if p, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(p), nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", ErrAbsent
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path)))) // not a number: the oldest
		return n
	}
	newest := slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })
	return filepath.Dir(newest), nil
}
