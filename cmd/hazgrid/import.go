package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hazgrid/importers"
	"hazgrid/internal/store"
	"hazgrid/internal/store/gpkg"
	"hazgrid/safety"
)

// Why a batch that could have been written was not.
var (
	errDryRun = errors.New("dry run: nothing was written")
	errStrict = errors.New("--strict, and records were rejected: nothing was written")
	errBroken = errors.New("interrupted: nothing of this file was written")
)

type importFlags struct {
	level                      int64
	scheme, validFrom          string
	columns                    []string
	frame, encoding            string
	frameParams, controlPoints string
	layer, sheet               string
	dryRun, strict             bool
	repair                     string
	tolerance                  float64
	rejects, report, findings  string
	sync                       bool
	syncMax                    float64 // percent
	by                         string
}

func newImportCmd(a *app) *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use:   "import grids|enterprises|hazards|inspections|lines FILE…",
		Short: "Read files into the store",
		Long: `import reads GeoJSON (a FeatureCollection, features one a line), TopoJSON, KML, KMZ, FlatGeobuf, GeoPackage, Shapefile,
dBase tables, CSV and workbooks (XLSX, XLS), recognised by content; text in UTF-8, GB 18030 or UTF-16; and the rows of a
PostgreSQL table or query, when FILE is postgres://user:password@host/database?table=schema.name or …?sql=SELECT… (read only;
the password is shown nowhere). Of a file with several layers --layer names one: an object of a TopoJSON, a layer of a
GeoPackage, a folder of a KML. Of a Shapefile give any of its files, the others are looked for beside it; its
text is in what --encoding, the .cpg or the language byte of the .dbf says, else in UTF-8 when all of it
is, else in GB 18030. A ZIP archive is read where it is: the Shapefile in it that --layer names, or the only one; or
the one file of another format. Columns are found by their names in English or Chinese, also under a title and in two rows; --map
names the others. Rows of sums are left out. Ledgers need no ids: an enterprise is then its credit code, else its name, a
hazard what it says of enterprise, day and description, and a line where it runs.
Each file is one transaction: all of its good records are written, or nothing. Records are inserted or
updated by code or id; reading a file twice changes nothing. Records that are wrong are left out, counted,
and named in --rejects; the exit status is then 3.

Grids that overlap, leave gaps between them, are thin or stick out of their parent are taken in, counted as
warnings, and listed with place and area in --report and, as shapes, in --findings. --repair mends polygons
that are invalid in themselves. --repair=coverage then also makes one coverage of the grids of each level:
borders that are nearly one are snapped together, and gaps and overlaps narrower than --tolerance go to the
grid with the longest border along them. Wider ones stay and are listed. Only the grids of the file are
mended, not those already stored, and all of the file's grids are held in memory for it.

With --sync a file is all there is: records of its kind that it no longer has get a tombstone (grids: those of
its schemes, with --level only of that level; with --valid-from they end the day before). Rejected records are
not ended. A file that would end more than --sync-max percent of them is taken for half a file and refused.
What an import changed, hazgrid batches lists and hazgrid revert puts back.
` + frameHelp,
		Example: `  hazgrid import grids --level 1 towns.geojson
  hazgrid import grids --level 3 --map code=VILLAGEID --map name=VILLAGENAM villages.geojson
  hazgrid import grids --level 3 --rejects rejects.csv 网格.shp
  hazgrid import grids --layer 二级网格 delivery.zip
  hazgrid import enterprises --frame gcj02 --encoding gb18030 ledger.csv
  hazgrid import enterprises --frame auto --dry-run ledger.csv
  hazgrid import lines --map id=- --map operator=NAME pipes.geojson
  hazgrid import lines --control-points corners.csv pipes.geojson
  hazgrid import hazards --sheet 台账 --map rectified_at=整改时间 ledger.xlsx
  hazgrid import hazards --rejects rejects.csv --report report.json 2014-11.csv 2014-12.csv
  hazgrid import grids --level 2 --layer counties counties-10m.json
  hazgrid import lines --layer 燃气管线 city.gpkg
  hazgrid import enterprises 'postgres://reader@db.example/city?sql=SELECT id, name, geom FROM firms WHERE active'
  hazgrid import grids --level 3 --valid-from 2015-01-01 --repair --dry-run redrawn.geojson
  hazgrid import grids --level 3 --repair=coverage --tolerance 0.5 --findings mended.geojson grids.geojson
  hazgrid import enterprises --sync --sync-max 5 register.csv`,
		Args: importArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := f.options(safety.Kind(args[0]), a.loc, cmd.Flags().Changed("level"))
			if err != nil {
				return usage(err)
			}
			if err := f.checkSync(args[1:]); err != nil {
				return usage(err)
			}
			return a.importFiles(cmd.Context(), f, o, args[1:])
		},
		ValidArgs: kindNames(),
	}
	f.add(cmd)
	return cmd
}

func kindNames() (names []string) {
	for _, k := range safety.Kinds() {
		names = append(names, string(k))
	}
	return names
}

func importArgs(_ *cobra.Command, args []string) error {
	switch {
	case len(args) < 2:
		return usage(errors.New("want KIND and at least one FILE; see `hazgrid import --help`"))
	case !slices.Contains(kindNames(), args[0]):
		return usage(fmt.Errorf("want one of %s, got %q", strings.Join(kindNames(), ", "), args[0]))
	}
	return nil
}

func (f *importFlags) add(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.Int64Var(&f.level, "level", 0, "grids: `level` of the features that have none (1 is the largest)")
	fl.StringVar(&f.scheme, "scheme", "", "grids: `scheme` of those that have none (default "+safety.DefaultScheme+")")
	fl.StringVar(&f.validFrom, "valid-from", "", "grids: `date` from which those without one are valid (default always)")
	fl.StringArrayVar(&f.columns, "map", nil, "`field=column`: the field is in this column of the file, or, for -, in none (repeatable)")
	fl.StringVar(&f.frame, "frame", "", "coordinate `frame` of the file: auto, a name such as gcj02 or EPSG:4549, or a .prj file (default what the file says, else wgs84)")
	fl.StringVar(&f.frameParams, "frame-params", "", "JSON `file` with the parameters of a datum or a local frame")
	fl.StringVar(&f.controlPoints, "control-points", "", "CSV `file` of points x,y,lon,lat that a local frame is fitted to")
	fl.StringVar(&f.encoding, "encoding", "auto", "text `encoding`: auto, utf-8, gb18030, gbk, utf-16le, utf-16be, …")
	fl.StringVar(&f.layer, "layer", "", "`name` of the layer, of a file that has several")
	fl.StringVar(&f.sheet, "sheet", "", "`name` of the sheet, of a workbook (default the first that has a header)")
	fl.BoolVar(&f.dryRun, "dry-run", false, "read and check all, show ten records as understood, write nothing")
	fl.BoolVar(&f.strict, "strict", false, "write nothing of a file when any of its records is rejected")
	fl.StringVar(&f.repair, "repair", "", "mend invalid polygons instead of rejecting them; `=coverage`: also close narrow gaps and overlaps between grids")
	fl.Lookup("repair").NoOptDefVal = repairPolygons
	fl.Float64Var(&f.tolerance, "tolerance", 1, "grids: width in `metres` under which a gap, an overlap or a part is a sliver, and is mended by --repair=coverage")
	fl.BoolVar(&f.sync, "sync", false, "end the records that the file no longer has")
	fl.Float64Var(&f.syncMax, "sync-max", 20, "refuse a --sync that would end more than this `percent` of the records")
	addBy(fl, &f.by)
	fl.StringVar(&f.rejects, "rejects", "", "CSV `file` for the records not written: number, id, field, reason, original")
	fl.StringVar(&f.report, "report", "", "JSON `file` for the counts (an array when several files are given)")
	fl.StringVar(&f.findings, "findings", "", "GeoJSON `file` for what was found and mended about the ground of grids, with the shapes")
}

// checkSync holds --sync to one file: each of several would end what the others brought.
func (f *importFlags) checkSync(paths []string) error {
	switch {
	case f.sync && len(paths) > 1:
		return fmt.Errorf("--sync: want one FILE with all records, got %d", len(paths))
	case !(f.syncMax >= 0 && f.syncMax <= 100):
		return fmt.Errorf("--sync-max: want 0 to 100, got %v", f.syncMax)
	}
	return nil
}

// options turns the flags into those of the importer.
func (f *importFlags) options(k safety.Kind, loc *time.Location, hasLevel bool) (importers.Options, error) {
	o := importers.Options{Kind: k, Encoding: f.encoding, Layer: f.layer, Sheet: f.sheet, Location: loc, Level: f.level, Scheme: strings.TrimSpace(f.scheme)}
	var err error
	if err := f.repairs(&o); err != nil {
		return o, err
	}
	if hasLevel && (f.level < 1 || f.level > safety.DeepestLevel) {
		return o, fmt.Errorf("--level: want 1 to %d, got %d", safety.DeepestLevel, f.level)
	}
	if err := importers.CheckEncoding(f.encoding); err != nil {
		return o, fmt.Errorf("--encoding: %w", err)
	}
	if o.ValidFrom, err = safety.ParseTime(f.validFrom, loc, safety.Opens); err != nil {
		return o, fmt.Errorf("--valid-from: %w", err)
	}
	if o.Map, err = importers.ParseMap(k, f.columns); err != nil {
		return o, fmt.Errorf("--map: %w", err)
	}
	return o, f.frames(&o)
}

// An importJob is one run of the verb.
type importJob struct {
	app     *app
	flags   importFlags
	o       importers.Options
	store   store.Store // opened with the first file that can be read
	several bool        // files are given
	scratch string      // folder of a store that is thrown away; "" when there is none
	rejects *rejectsFile
	found   *findingsFile
}

// importFiles imports each file in its own transaction and tries all of them.
func (a *app) importFiles(ctx context.Context, f importFlags, o importers.Options, paths []string) (err error) {
	j := &importJob{app: a, flags: f, o: o}
	if j.rejects, err = a.newRejectsFile(f.rejects, len(paths) > 1); err != nil {
		return fmt.Errorf("--rejects: %w", err)
	}
	if j.found, err = a.newFindingsFile(f.findings); err != nil {
		return errors.Join(fmt.Errorf("--findings: %w", err), j.rejects.close())
	}
	report := func([]*importReport) error { return nil }
	if f.report != "" {
		if report, err = a.reportTo(f.report); err != nil {
			return errors.Join(fmt.Errorf("--report: %w", err), j.rejects.close(), j.found.close())
		}
	}
	j.several = len(paths) > 1
	reports, errs := j.all(ctx, paths)
	errs = append(errs, j.close())
	if err := j.rejects.close(); err != nil {
		errs = append(errs, fmt.Errorf("--rejects: %w", err))
	}
	if err := j.found.close(); err != nil {
		errs = append(errs, fmt.Errorf("--findings: %w", err))
	}
	if err := report(reports); err != nil {
		errs = append(errs, fmt.Errorf("--report: %w", err))
	}
	return outcome(reports, errs)
}

func (j *importJob) all(ctx context.Context, paths []string) (reports []*importReport, errs []error) {
	for _, path := range paths {
		r, err := j.one(ctx, path)
		if err != nil && ctx.Err() != nil {
			err = fmt.Errorf("%s: %w", r.File, errBroken) // whatever it was that the signal cut off
		}
		if err != nil {
			r.Error = err.Error()
			errs = append(errs, err)
		}
		reports = append(reports, r)
		j.say(r)
		if ctx.Err() != nil {
			break
		}
	}
	return reports, errs
}

// outcome is the exit status: 1 if anything failed, else 3 if records were rejected. A frame
// that cannot be read is wrong usage where it is all there was to do.
func outcome(reports []*importReport, errs []error) error {
	err := errors.Join(errs...)
	if errors.Is(err, importers.ErrFrame) && len(reports) == 1 {
		return usage(err)
	}
	if err != nil {
		return err
	}
	for _, r := range reports {
		if r.Rejected > 0 {
			return &exitError{code: exitRejected}
		}
	}
	return nil
}

// one imports one file. The report is never nil.
func (j *importJob) one(ctx context.Context, path string) (r *importReport, err error) {
	start := time.Now()
	r = &importReport{Kind: j.o.Kind, File: importers.Name(path), Warnings: []safety.Warning{}, say: []safety.Reject{}}
	defer func() { r.Seconds = time.Since(start).Seconds() }()
	bar := j.app.progress(path)
	defer bar.finish()
	o := j.o
	o.Progress, o.Context = bar.read(), ctx
	if ofStore(j.app.db, path) {
		return r, fmt.Errorf("%s: %w: it is the store that is imported into (--db)", path, safety.ErrInvalid)
	}
	if o.Frame == importers.AutoFrame {
		if o.Locate, err = j.locator(ctx); err != nil {
			return r, fmt.Errorf("%s: %w", path, err)
		}
	}
	f, err := importers.Open(path, o)
	if err != nil {
		r.tested(err)
		return r, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	r.Encoding = f.Encoding
	if err := j.open(ctx); err != nil {
		return r, err
	}
	p := &pass{job: j, file: f, report: r, bar: bar}
	defer func() { err = errors.Join(err, p.close()) }()
	return r, p.run(ctx)
}

// ofStore reports whether path is a file of the store itself. Such a file must not even be opened: closing any handle of
// a file takes away every POSIX lock that this process has on it, those of an open store included.
func ofStore(db, path string) bool {
	if strings.Contains(db, "://") {
		return false
	}
	given, err := os.Stat(path)
	if err != nil {
		return false
	}
	for _, end := range []string{"", "-wal", "-shm", "-journal"} {
		if own, err := os.Stat(db + end); err == nil && os.SameFile(own, given) {
			return true
		}
	}
	return false
}

// open opens the store when the first file is ready to be read.
func (j *importJob) open(ctx context.Context) (err error) {
	if j.store != nil {
		return nil
	}
	a := *j.app
	if !strings.Contains(a.db, "://") {
		_, err := os.Stat(a.db)
		absent := errors.Is(err, fs.ErrNotExist)
		if j.flags.dryRun && (absent || j.several) {
			if a.db, err = j.rehearsal(ctx, absent); err != nil {
				return err
			}
		}
	}
	j.store, err = a.openStore(ctx, true)
	return err
}

// rehearsal makes the GeoPackage that a dry run may write to: a new one, or a copy of what is
// there, so that one file finds what the files before it brought.
func (j *importJob) rehearsal(ctx context.Context, absent bool) (path string, err error) {
	if j.scratch, err = os.MkdirTemp("", "hazgrid-import-"); err != nil {
		return "", err
	}
	path = filepath.Join(j.scratch, "dry-run.gpkg")
	if !absent {
		err = gpkg.Copy(ctx, j.app.db, path)
	}
	return path, err
}

func (j *importJob) close() (err error) {
	if j.store != nil {
		err = j.store.Close()
	}
	if j.scratch != "" {
		err = errors.Join(err, os.RemoveAll(j.scratch))
	}
	return err
}

// A pass is one file on its way into the store.
type pass struct {
	job    *importJob
	file   *importers.File
	report *importReport

	fromFile, fromStore spill // rejects of the two phases, each by rising number
	readErr             error // what ended the reading of the file
	bar                 *progress
	sample              []safety.Record // the first that were read, for a dry run
	nameless            int64           // rejected records whose key is not known
}

func (p *pass) run(ctx context.Context) error {
	receipt, err := p.job.store.Apply(ctx, safety.Batch{
		Kind: p.job.o.Kind, Records: p.records(ctx), Rejected: p.refused, Confirm: p.confirm,
		Sync: p.sync(), Origin: p.origin, ToleranceM: p.job.o.ToleranceM,
	})
	undone := errors.Is(err, errDryRun) || errors.Is(err, errStrict)
	if err != nil && !undone {
		p.report.Read, p.report.Rejected = 0, 0 // the half that was read says nothing
		if p.readErr != nil {
			return p.readErr // without the store's words around it
		}
		return fmt.Errorf("%s: %w", p.report.File, err)
	}
	p.report.fill(receipt, p.file)
	if p.job.flags.sync {
		p.report.Ended = &receipt.Ended
	}
	p.report.undone = undone || p.job.flags.dryRun
	if err := p.job.found.add(p.report); err != nil {
		return fmt.Errorf("--findings: %w", err)
	}
	p.report.sample = p.sample
	if err := p.job.rejects.add(p); err != nil {
		return fmt.Errorf("--rejects: %w", err)
	}
	if errors.Is(err, errStrict) {
		return fmt.Errorf("%s: %w", p.report.File, errStrict)
	}
	return nil
}

// records yields what can be written and keeps account of the rest.
func (p *pass) records(ctx context.Context) iter.Seq2[safety.Record, error] {
	return func(yield func(safety.Record, error) bool) {
		for rec, err := range p.file.Records() {
			var bad *safety.FieldError
			switch {
			case ctx.Err() != nil:
				err = ctx.Err()
			case errors.As(err, &bad):
				p.report.Read++
				p.report.Rejected++
				if bad.Key == "" {
					p.nameless++
				}
				err = p.keep(&p.fromFile, safety.Reject{FieldError: *bad})
				if err == nil {
					continue
				}
			case err == nil:
				p.report.Read++
				p.bar.record()
				p.show(rec)
			}
			p.readErr = err
			if !yield(rec, err) || err != nil {
				return
			}
		}
		p.bar.write()
	}
}

// refused is told by the store what it does not write.
func (p *pass) refused(r safety.Reject) error { return p.keep(&p.fromStore, r) }

// keep spills a reject for the rejects file, and remembers the first for the screen.
func (p *pass) keep(s *spill, r safety.Reject) error {
	if !r.Superseded && len(p.report.say) < saidRejects {
		p.report.say = append(p.report.say, r)
	}
	if p.job.flags.rejects == "" && !p.job.flags.sync {
		return nil
	}
	return s.add(r)
}

// confirm stops the batch before it is committed when it is not to be.
func (p *pass) confirm(r safety.Receipt) error {
	switch {
	case p.job.flags.strict && p.report.Rejected+r.Rejected > 0:
		return errStrict
	case p.job.flags.dryRun && p.job.scratch == "": // else it is a copy that is written to
		return errDryRun
	}
	return nil
}

func (p *pass) close() error { return errors.Join(p.fromFile.close(), p.fromStore.close()) }
