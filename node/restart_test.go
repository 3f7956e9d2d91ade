package node

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache/cachetest"
	"github.com/edgetrust/edgetrust/node/config"
	"github.com/edgetrust/edgetrust/verify/trustlist/etsitl"
	"github.com/edgetrust/edgetrust/verify/verifytest"
	"github.com/edgetrust/edgetrust/verify/verifytest/vectortest"
)

// corpus is the EU's lists as they were published in 2026, the LOTL first, each with
// who may sign it.
type corpus []struct {
	b       []byte
	signers []*x509.Certificate
}

func readCorpus(t testing.TB) (c corpus, signersFile string) {
	t.Helper()
	const topic, folder = "trustlists-ts119612", "2026-08"
	dir := filepath.Join(vectortest.Dir(t, topic), folder)
	signersFile = filepath.Join(dir, "oj-C-2026-1944-signers.pem")
	signers, err := config.Certificates([]string{signersFile})
	if err != nil {
		t.Fatal(err)
	}
	lotl := vectortest.Read(t, topic, folder, "eu-lotl-390.xml.gz")
	v, err := parsed(t, lotl).VerifyLOTL(signers, etsitl.LOTLOptions{OJ: config.OfficialJournal})
	if err != nil {
		t.Fatal(err)
	}
	c = append(c, corpus{{lotl, signers}}...)
	files, err := filepath.Glob(filepath.Join(dir, "TL-*.xml.gz"))
	if err != nil || len(files) == 0 {
		t.Fatal("no national lists")
	}
	for _, f := range files {
		if testing.Short() && filepath.Base(f) > "TL-FR.xml.gz" {
			break // half of the lists show the race detector no less than all
		}
		b := vectortest.Read(t, topic, folder, filepath.Base(f))
		territory := parsed(t, b).Claims().Territory
		for _, p := range v.List().Pointers {
			if p.Territory == territory && territory != "HR" { // an old copy, by a signer that is no longer named
				c = append(c, corpus{{b, p.Signers}}...)
			}
		}
	}
	return c, signersFile
}

func parsed(t testing.TB, b []byte) *etsitl.Unverified {
	t.Helper()
	u, err := etsitl.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// floor does once what every reader of these lists must do with them, and nothing
// else: parse, canonicalise, digest, verify, one list after the other.
func (c corpus) floor(t testing.TB) {
	t.Helper()
	for _, l := range c {
		if err := etsitl.VerifySignature(l.b, l.signers); err != nil {
			t.Fatal(err)
		}
	}
}

// europeLab is a dead lab whose node follows the real LOTL as well, and has the
// whole corpus on disk.
func europeLab(t testing.TB) (*realLab, corpus) {
	t.Helper()
	c, signers := readCorpus(t)
	l := newDeadLab(t)
	dead, err := cachetest.Refused()
	if err != nil {
		t.Fatal(err)
	}
	yaml := strings.Join([]string{
		`version: 1`, `name: lab`, `data_dir: data`,
		`public: {listen: "127.0.0.1:0"}`,
		`admin: {listen: "127.0.0.1:0", token_file: admin.token}`,
		`trust:`, `  soak: 0s`,
		`  rewrite: [{from: "https://ec.europa.eu/", to: "` + dead + `/", allow_private: true}, {from: "` + upstream + `/", to: "` + dead + `/lab/", allow_private: true}]`,
		`  sources:`,
		`    - {name: eu-lotl, type: lotl, url: "https://ec.europa.eu/tools/lotl/eu-lotl.xml", signers: ["` + signers + `"]}`,
		`    - {name: pid, type: lote, profile: pid, url: "` + upstream + pidPath + `", signers: [signer.pem]}`,
		`policies: {default: {status: skip}}`, ``,
	}, "\n")
	if err := os.WriteFile(filepath.Join(l.dir, "edgenode.yaml"), []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	p := startProcess(t, l.dir)
	if _, err := p.publish(t.Context(), l.must(l.LoTE("pid", verifytest.ListOptions{}))); err != nil {
		t.Fatal(err)
	}
	for _, list := range c {
		refused, err := p.publish(t.Context(), list.b)
		if refused && strings.Contains(err.Error(), "trustlist_expired") {
			t.Skip("the newest LOTL of the vectors has expired by this machine's clock")
		} else if err != nil {
			t.Fatal(err)
		}
	}
	p.kill()
	return l, c
}

// askProcess says whether a presentation is valid yet, and if not, why.
func (p *process) askProcess(t testing.TB, body []byte) string {
	t.Helper()
	a, err := p.client.Verify(t.Context(), body)
	if err != nil {
		t.Fatal(err)
	}
	return a.Verdict
}

// A node with the EU's lists on disk and every origin dead answers valid, having
// verified all of them again.
func TestRestartWithoutOrigins(t *testing.T) {
	l, c := europeLab(t)
	p := startProcess(t, l.dir)
	body := l.pidBody(t)
	eventually(t, "a valid verdict", func() bool { return p.askProcess(t, body) == "valid" })
	got := p.sequences(t)
	if got["eu-lotl"] != 390 || got["eu-lotl:ES"] != 184 || got["eu-lotl:FR"] != 174 {
		t.Errorf("in force: %v", got)
	}
	loaded := 0
	for name, seq := range got {
		if strings.HasPrefix(name, "eu-lotl:") && seq > 0 {
			loaded++
		}
	}
	if loaded != len(c)-1 {
		t.Errorf("%d of %d national lists are back", loaded, len(c)-1)
	}
}

func (l *realLab) pidBody(t testing.TB) []byte {
	t.Helper()
	made, err := l.Make("sdjwt-pid-de", verifytest.Context{}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return asJSON(t, made.Body())
}

// BenchmarkRestart holds the time from exec to the first valid verdict, with the
// EU's lists on disk, against one pass over the same bytes that does nothing but
// verify their signatures. CPU time, because two things run side by side on a
// shared machine; wall time beside it.
func BenchmarkRestart(b *testing.B) {
	l, c := europeLab(b)
	size := 0
	for _, list := range c {
		size += len(list.b)
	}
	var wall, cpu, floorWall, floorCPU time.Duration
	var peak int64
	for b.Loop() {
		p := startProcess(b, l.dir)
		body := l.pidBody(b)
		for p.askProcess(b, body) != "valid" {
			time.Sleep(2 * time.Millisecond)
		}
		wall += time.Since(p.started)
		p.kill()
		used := p.cmd.ProcessState.SysUsage().(*syscall.Rusage)
		cpu += p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()
		peak = max(peak, used.Maxrss)

		begin, before := time.Now(), cpuTime(b)
		c.floor(b)
		floorWall += time.Since(begin)
		floorCPU += cpuTime(b) - before
	}
	n := float64(b.N)
	b.ReportMetric(float64(size)/1e6, "MB-lists")
	b.ReportMetric(wall.Seconds()*1e3/n, "ms-to-verdict")
	b.ReportMetric(cpu.Seconds()*1e3/n, "cpu-ms")
	b.ReportMetric(floorCPU.Seconds()*1e3/n, "floor-cpu-ms")
	b.ReportMetric(cpu.Seconds()/floorCPU.Seconds(), "cpu/floor")
	b.ReportMetric(wall.Seconds()/floorWall.Seconds(), "wall/floor")
	b.ReportMetric(float64(peak)/1024, "MB-peak")
}

// cpuTime is what this process has used so far.
func cpuTime(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
